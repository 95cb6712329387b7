/* A fleet of FTP servers in one process: every 127/8 address answers as a host of its own.
 *
 * Anonymous login, a listing of 20 files, no TLS; each file holds one kilobyte of prose. One
 * listener takes the control connections of all hosts and one their data connections, which are
 * matched to the session that asked for them by the local address. One session at a time per
 * address is assumed. Prints "ready" once it listens; SIGTERM makes it print what it served.
 *
 *   cc -O2 -o fleet_simulator fleet_simulator.c && ./fleet_simulator CONTROL_PORT DATA_PORT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_FDS = 65536, LINE = 512, SLOTS = 1 << 16, FILES = 20, FILE_SIZE = 1024 };

enum kind { NOTHING, CONTROL_LISTENER, DATA_LISTENER, CONTROL, DATA };

struct connection {
    enum kind kind;
    struct in_addr local;
    int data;            /* control: its data connection, or -1 */
    const char *pending; /* control: what to send once the data connection is there */
    size_t pending_size;
    int anonymous, logged_in;
    char line[LINE];
    size_t filled;
};

static struct connection connections[MOST_FDS];
static int sessions[SLOTS]; /* by the low 16 bits of the address: the control connection, or 0 */
static int data_port, events;
static char list[4096], names[1024], facts[4096], contents[FILE_SIZE];
static unsigned long accepted, transfers, commands;
static volatile sig_atomic_t stopping;

static void stop(int number) {
    (void)number;
    stopping = 1;
}

static unsigned slot(struct in_addr address) { return ntohl(address.s_addr) & (SLOTS - 1); }

static void fill(void) {
    char *l = list, *n = names, *f = facts;
    static const char sentence[] = "The quick brown fox jumps over the lazy dog again. ";

    for (int i = 0; i < FILES; i++) {
        l += sprintf(l, "-rw-r--r--    1 0        0            %d Mar 0%d  2024 note-%02d.txt\r\n",
                     FILE_SIZE, 1 + i % 9, i);
        n += sprintf(n, "note-%02d.txt\r\n", i);
        f += sprintf(f, "type=file;size=%d;modify=2024030%d120000; note-%02d.txt\r\n", FILE_SIZE,
                     1 + i % 9, i);
    }
    for (int i = 0; i < FILE_SIZE; i++)
        contents[i] = sentence[i % (sizeof sentence - 1)];
}

static void watch(int fd, enum kind kind) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    connections[fd].kind = kind;
    if (epoll_ctl(events, EPOLL_CTL_ADD, fd, &event))
        perror("epoll_ctl"), exit(1);
}

static int listener(int port, enum kind kind) {
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    any.sin_addr.s_addr = htonl(INADDR_ANY);
    if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) || listen(fd, 4096))
        perror("listen"), exit(1);
    watch(fd, kind);
    return fd;
}

static void say(int fd, const char *text) {
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 && errno == EAGAIN)
        fprintf(stderr, "a client does not read its replies\n");
}

static void finish(int fd) {
    connections[fd].kind = NOTHING;
    close(fd);
}

static void hang_up(int fd) {
    struct connection *session = &connections[fd];

    if (sessions[slot(session->local)] == fd)
        sessions[slot(session->local)] = 0;
    if (session->data >= 0)
        finish(session->data);
    finish(fd);
}

/* Send what was asked for, once both the request and the data connection are there. */
static void transfer(int control) {
    struct connection *session = &connections[control];

    if (!session->pending || session->data < 0)
        return;
    if (send(session->data, session->pending, session->pending_size, MSG_NOSIGNAL) < 0 &&
        errno == EAGAIN)
        fprintf(stderr, "a client does not read its data\n");
    finish(session->data);
    session->data = -1;
    session->pending = NULL;
    transfers++;
    say(control, "226 Transfer complete.\r\n");
}

static void offer(int fd, const char *text, size_t size) {
    struct connection *session = &connections[fd];

    if (!session->logged_in) {
        say(fd, "530 Please log in.\r\n");
        return;
    }
    session->pending = text;
    session->pending_size = size;
    say(fd, "150 Here it comes.\r\n");
    transfer(fd);
}

static void passive(int fd) {
    struct connection *session = &connections[fd];
    unsigned a = ntohl(session->local.s_addr);
    char reply[80];

    sprintf(reply, "227 Entering Passive Mode (%u,%u,%u,%u,%d,%d).\r\n", a >> 24, a >> 16 & 255,
            a >> 8 & 255, a & 255, data_port >> 8, data_port & 255);
    say(fd, session->logged_in ? reply : "530 Please log in.\r\n");
}

static void extended_passive(int fd) {
    char reply[80];

    sprintf(reply, "229 Entering Extended Passive Mode (|||%d|)\r\n", data_port);
    say(fd, connections[fd].logged_in ? reply : "530 Please log in.\r\n");
}

/* Replies that depend on nothing. */
static const struct {
    const char *verb, *reply;
} fixed[] = {
    {"TYPE", "200 Type set.\r\n"},
    {"PWD", "257 \"/\" is the current directory\r\n"},
    {"SYST", "215 UNIX Type: L8\r\n"},
    {"FEAT", "211-Features:\r\n EPSV\r\n MLST type*;size*;modify*;\r\n PASV\r\n REST STREAM\r\n"
             " SIZE\r\n UTF8\r\n211 End\r\n"},
    {"OPTS", "200 Done.\r\n"},
    {"NOOP", "200 Done.\r\n"},
    {"REST", "350 Restart position accepted.\r\n"},
    {"SIZE", "213 1024\r\n"},
    {"MDTM", "213 20240301120000\r\n"},
};

/* Returns 0 when the session is over. */
static int answer(int fd, char *line) {
    struct connection *session = &connections[fd];
    char *space = strchr(line, ' '), *argument = space ? space + 1 : line + strlen(line);

    commands++;
    if (space)
        *space = 0;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (!strcasecmp(line, fixed[i].verb))
            return say(fd, fixed[i].reply), 1;
    if (!strcasecmp(line, "USER")) {
        session->anonymous = !strcasecmp(argument, "anonymous") || !strcasecmp(argument, "ftp");
        say(fd, "331 Please specify the password.\r\n");
    } else if (!strcasecmp(line, "PASS")) {
        session->logged_in = session->anonymous;
        say(fd, session->anonymous ? "230 Login successful.\r\n" : "530 Login incorrect.\r\n");
    } else if (!strcasecmp(line, "PASV"))
        passive(fd);
    else if (!strcasecmp(line, "EPSV"))
        extended_passive(fd);
    else if (!strcasecmp(line, "LIST"))
        offer(fd, list, strlen(list));
    else if (!strcasecmp(line, "NLST"))
        offer(fd, names, strlen(names));
    else if (!strcasecmp(line, "MLSD"))
        offer(fd, facts, strlen(facts));
    else if (!strcasecmp(line, "RETR"))
        offer(fd, contents, FILE_SIZE);
    else if (!strcasecmp(line, "CWD"))
        say(fd, strcmp(argument, "/") ? "550 Failed to change directory.\r\n" : "250 Done.\r\n");
    else if (!strcasecmp(line, "QUIT"))
        return say(fd, "221 Goodbye.\r\n"), 0;
    else
        say(fd, "502 Command not implemented.\r\n");
    return 1;
}

static void hear(int fd) {
    struct connection *session = &connections[fd];
    ssize_t got = recv(fd, session->line + session->filled, LINE - 1 - session->filled, 0);
    char *start = session->line, *end;

    if (got <= 0) {
        if (got == 0 || errno != EAGAIN)
            hang_up(fd);
        return;
    }
    session->filled += got;
    session->line[session->filled] = 0;
    while ((end = strstr(start, "\r\n"))) {
        *end = 0;
        if (!answer(fd, start)) {
            hang_up(fd);
            return;
        }
        start = end + 2;
    }
    session->filled = strlen(start);
    memmove(session->line, start, session->filled + 1);
    if (session->filled == LINE - 1)
        hang_up(fd); /* a line longer than any command */
}

static void take_control(int fd, struct in_addr local) {
    connections[fd] = (struct connection){.local = local, .data = -1};
    watch(fd, CONTROL);
    sessions[slot(local)] = fd;
    accepted++;
    say(fd, "220 Fleet simulator\r\n");
}

static void take_data(int fd, struct in_addr local) {
    int control = sessions[slot(local)];

    if (!control || connections[control].data >= 0) {
        close(fd);
        return;
    }
    connections[fd].kind = DATA;
    connections[control].data = fd;
    transfer(control);
}

static void take(int from, enum kind kind) {
    for (;;) {
        struct sockaddr_in local;
        socklen_t size = sizeof local;
        int on = 1, fd = accept4(from, NULL, NULL, SOCK_NONBLOCK);

        if (fd < 0)
            return;
        if (fd >= MOST_FDS || getsockname(fd, (struct sockaddr *)&local, &size)) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        (kind == CONTROL_LISTENER ? take_control : take_data)(fd, local.sin_addr);
    }
}

int main(int count, char **words) {
    struct epoll_event ready[256];

    if (count != 3)
        return fprintf(stderr, "usage: fleet_simulator CONTROL_PORT DATA_PORT\n"), 2;
    signal(SIGTERM, stop);
    fill();
    data_port = atoi(words[2]);
    events = epoll_create1(0);
    listener(atoi(words[1]), CONTROL_LISTENER);
    listener(data_port, DATA_LISTENER);
    puts("ready");
    fflush(stdout);
    while (!stopping) {
        int found = epoll_wait(events, ready, 256, 200);

        for (int i = 0; i < found; i++) {
            int fd = ready[i].data.fd;
            enum kind kind = connections[fd].kind;

            if (kind == CONTROL)
                hear(fd);
            else if (kind == CONTROL_LISTENER || kind == DATA_LISTENER)
                take(fd, kind);
        }
    }
    printf("sessions %lu commands %lu transfers %lu\n", accepted, commands, transfers);
    return 0;
}
