/* The floor of the machine: what one unit of work costs a client of epoll and nothing else.
 *
 *   floor_client UNIT HOSTS CONNECTIONS [PORT [SECONDS]]
 *
 * UNIT is W1 (banner), W2 (anonymous login, EPSV, MLSD, QUIT), W3 (AUTH refused, FEAT, login, PWD,
 * TYPE, MLSD, three files, QUIT), W1t (AUTH TLS, handshake, certificate) or S1 (SSH identification
 * and KEXINIT); W2L is W2 with LIST. HOSTS is a file with one IPv4 address a line; CONNECTIONS of them are talked to at
 * once, SECONDS each at most (10). Prints how many hosts went through the whole of it. Nothing is
 * kept: memory grows with CONNECTIONS alone.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_FDS = 65536, ROOM = 4096, FTP_PORT = 21, SSH_PORT = 22 };

/* One command, and the reply that ends it. A transfer ends with its data connection's end, too. */
struct step {
    const char *command;
    int code; /* 5: any refusal */
    enum { PLAIN, DIAL, TRANSFER, HANDSHAKE, PACKET } way;
};

static const struct step w1[] = {{"", 220, PLAIN}, {0}};
static const struct step w2[] = {{"", 220, PLAIN},
                                 {"USER anonymous\r\n", 331, PLAIN},
                                 {"PASS anonymous@example.invalid\r\n", 230, PLAIN},
                                 {"EPSV\r\n", 229, DIAL},
                                 {"MLSD\r\n", 226, TRANSFER},
                                 {"QUIT\r\n", 221, PLAIN},
                                 {0}};
static const struct step w2l[] = {{"", 220, PLAIN},
                                  {"USER anonymous\r\n", 331, PLAIN},
                                  {"PASS anonymous@example.invalid\r\n", 230, PLAIN},
                                  {"EPSV\r\n", 229, DIAL},
                                  {"LIST\r\n", 226, TRANSFER},
                                  {"QUIT\r\n", 221, PLAIN},
                                  {0}};
static const struct step w3[] = {{"", 220, PLAIN},
                                 {"AUTH TLS\r\n", 5, PLAIN},
                                 {"FEAT\r\n", 211, PLAIN},
                                 {"USER anonymous\r\n", 331, PLAIN},
                                 {"PASS anonymous@example.invalid\r\n", 230, PLAIN},
                                 {"PWD\r\n", 257, PLAIN},
                                 {"TYPE I\r\n", 200, PLAIN},
                                 {"EPSV\r\n", 229, DIAL},
                                 {"MLSD\r\n", 226, TRANSFER},
                                 {"EPSV\r\n", 229, DIAL},
                                 {"RETR note-00.txt\r\n", 226, TRANSFER},
                                 {"EPSV\r\n", 229, DIAL},
                                 {"RETR note-01.txt\r\n", 226, TRANSFER},
                                 {"EPSV\r\n", 229, DIAL},
                                 {"RETR note-02.txt\r\n", 226, TRANSFER},
                                 {"QUIT\r\n", 221, PLAIN},
                                 {0}};
static const struct step w1t[] = {
    {"", 220, PLAIN}, {"AUTH TLS\r\n", 234, PLAIN}, {"", 0, HANDSHAKE}, {0}};
static const struct step s1[] = {{"SSH-2.0-floor\r\n", 0, PACKET}, {0}};

static const struct {
    const char *name;
    const struct step *steps;
    int port;
} units[] = {{"W1", w1, FTP_PORT},
             {"W2", w2, FTP_PORT},
             {"W2L", w2l, FTP_PORT},
             {"W3", w3, FTP_PORT},
             {"W1t", w1t, FTP_PORT},
             {"S1", s1, SSH_PORT}};

struct host {
    struct in_addr address;
    int control, data; /* descriptors, or -1 */
    int connected, replied, drained;
    const struct step *step;
    double deadline;
    SSL *tls;
    char text[ROOM];
    size_t filled;
};

static struct host *hosts;
static struct host *owners[MOST_FDS];    /* by descriptor */
static uint32_t generations[MOST_FDS]; /* tells a late event of an earlier descriptor */
static const struct step *first;
static int events, port, busy, most;
static unsigned long live, dead;
static double seconds = 10;
static FILE *names;
static SSL_CTX *tls_context;

static double now(void) {
    struct timespec moment;

    clock_gettime(CLOCK_MONOTONIC, &moment);
    return moment.tv_sec + moment.tv_nsec / 1e9;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int dial(struct host *host, int to) {
    struct sockaddr_in there = {
        .sin_family = AF_INET, .sin_port = htons(to), .sin_addr = host->address};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET};

    if (fd < 0 || fd >= MOST_FDS)
        fail("socket");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (struct sockaddr *)&there, sizeof there) && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    owners[fd] = host;
    event.data.u64 = (uint64_t)generations[fd] << 32 | fd;
    if (epoll_ctl(events, EPOLL_CTL_ADD, fd, &event))
        fail("epoll_ctl");
    return fd;
}

static void drop(int *fd) {
    if (*fd >= 0) {
        owners[*fd] = NULL;
        generations[*fd]++;
        close(*fd);
    }
    *fd = -1;
}

/* Take the next host into this place; leave it empty where none is left. */
static void begin(struct host *host) {
    char line[64];

    while (fgets(line, sizeof line, names)) {
        line[strcspn(line, "\r\n")] = 0;
        if (inet_pton(AF_INET, line, &host->address) != 1)
            continue;
        host->data = -1;
        host->connected = host->replied = host->drained = 0;
        host->step = first;
        host->filled = 0;
        host->deadline = now() + seconds;
        host->control = dial(host, port);
        if (host->control >= 0) {
            busy++;
            return;
        }
        dead++;
    }
}

static void end(struct host *host, int whole) {
    whole ? live++ : dead++;
    busy--;
    SSL_free(host->tls);
    host->tls = NULL;
    drop(&host->data);
    drop(&host->control);
    begin(host);
}

static void say(struct host *host) {
    const char *command = host->step->command;

    if (*command)
        send(host->control, command, strlen(command), MSG_NOSIGNAL);
}

static void shake_hands(struct host *host) {
    unsigned char *encoded = NULL;
    X509 *certificate;
    int done;

    ERR_clear_error();
    done = SSL_do_handshake(host->tls);
    if (done == 1) {
        certificate = SSL_get1_peer_certificate(host->tls);
        done = certificate && i2d_X509(certificate, &encoded) > 0;
        OPENSSL_free(encoded);
        X509_free(certificate);
        end(host, done);
    } else if (SSL_get_error(host->tls, done) != SSL_ERROR_WANT_READ)
        end(host, 0);
}

/* Go on to the next step; return 0 where the buffer is no longer FTP of this host. */
static int advance(struct host *host) {
    host->replied = host->drained = 0;
    host->step++;
    if (!host->step->command) {
        end(host, 1);
        return 0;
    }
    if (host->step->way == HANDSHAKE) {
        host->tls = SSL_new(tls_context);
        SSL_set_fd(host->tls, host->control);
        SSL_set_connect_state(host->tls);
        shake_hands(host);
        return 0;
    }
    say(host);
    return 1;
}

/* Return the code of the first whole reply and take it out of the buffer; 0 where there is none. */
static int reply(struct host *host, char *last, size_t room) {
    char *line = host->text, *stop = host->text + host->filled, *end;
    int code = 0;

    for (; (end = memchr(line, '\n', stop - line)); line = end + 1) {
        if (end - line < 4 || line[3] != ' ' || *line < '1' || *line > '5')
            continue; /* a line of a longer reply */
        code = atoi(line);
        snprintf(last, room, "%.*s", (int)(end - line), line);
        host->filled = stop - end - 1;
        memmove(host->text, end + 1, host->filled);
        break;
    }
    return code;
}

/* Judge one reply; return 0 where the host is done with. */
static int take_reply(struct host *host, int code, const char *line) {
    int wanted = host->step->code, fits = wanted == 5 ? code / 100 == 5 : code == wanted;
    const char *bars = strstr(line, "|||");

    if (code < 200)
        return 1;
    if (!fits) {
        end(host, 0);
        return 0;
    }
    if (host->step->way == DIAL) {
        host->data = bars ? dial(host, atoi(bars + 3)) : -1;
        if (host->data < 0) {
            end(host, 0);
            return 0;
        }
    }
    host->replied = 1;
    if (host->step->way == TRANSFER && !host->drained)
        return 1;
    return advance(host);
}

static void hear_ftp(struct host *host) {
    char line[256];
    int code;

    while ((code = reply(host, line, sizeof line)))
        if (!take_reply(host, code, line))
            return;
    if (host->filled == ROOM)
        end(host, 0);
}

/* Return whether an identification and one whole packet have come (RFC 4253 sections 4.2, 6). */
static void hear_ssh(struct host *host) {
    char *newline = memchr(host->text, '\n', host->filled);
    size_t have = newline ? host->text + host->filled - newline - 1 : 0;
    uint32_t size;

    if (have < 6)
        return;
    memcpy(&size, newline + 1, 4);
    if (have - 4 >= ntohl(size))
        end(host, newline[6] == 20);
}

static void hear(struct host *host) {
    ssize_t got;

    if (host->step->way == HANDSHAKE) {
        shake_hands(host);
        return;
    }
    got = recv(host->control, host->text + host->filled, ROOM - host->filled, 0);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN)
            end(host, 0);
        return;
    }
    host->filled += got;
    if (first == s1)
        hear_ssh(host);
    else
        hear_ftp(host);
}

static void drain(struct host *host) {
    char data[65536];
    ssize_t got;

    do
        got = recv(host->data, data, sizeof data, 0);
    while (got > 0);
    if (got < 0)
        return; /* EAGAIN, or not connected yet */
    drop(&host->data);
    host->drained = 1;
    if (host->replied)
        advance(host);
}

static void act(uint64_t which, uint32_t what) {
    int fd = which & 0xffffffff;
    struct host *host = owners[fd];

    if (!host || generations[fd] != which >> 32)
        return;
    if (fd == host->data) {
        if (what & (EPOLLIN | EPOLLHUP | EPOLLERR))
            drain(host);
        return;
    }
    if (!host->connected && what & EPOLLOUT && !(what & EPOLLERR)) {
        host->connected = 1;
        say(host);
    }
    if (what & (EPOLLIN | EPOLLHUP | EPOLLERR))
        hear(host);
}

static void expire(void) {
    double moment = now();

    for (int i = 0; i < most; i++)
        if (hosts[i].control >= 0 && hosts[i].deadline < moment)
            end(&hosts[i], 0);
}

static void prepare(const char *unit) {
    struct rlimit files;

    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (!strcmp(units[i].name, unit)) {
            first = units[i].steps;
            port = units[i].port;
        }
    if (!first)
        fprintf(stderr, "unknown unit of work: %s\n", unit), exit(2);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    events = epoll_create1(0);
    if (first == w1t) {
        tls_context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_verify(tls_context, SSL_VERIFY_NONE, NULL);
    }
}

int main(int count, char **words) {
    struct epoll_event ready[256];
    double next;

    if (count < 4)
        return fprintf(stderr, "usage: floor_client UNIT HOSTS CONNECTIONS [PORT [SECONDS]]\n"), 2;
    prepare(words[1]);
    names = fopen(words[2], "r");
    most = atoi(words[3]);
    hosts = calloc(most, sizeof *hosts);
    if (!names || !hosts)
        fail(words[2]);
    if (count > 4)
        port = atoi(words[4]);
    if (count > 5)
        seconds = atof(words[5]);
    for (int i = 0; i < most; i++) {
        hosts[i].control = -1;
        begin(&hosts[i]);
    }
    for (next = now() + 0.1; busy;) {
        int found = epoll_wait(events, ready, 256, 100);

        for (int i = 0; i < found; i++)
            act(ready[i].data.u64, ready[i].events);
        if (now() > next) {
            expire();
            next = now() + 0.1;
        }
    }
    printf("%lu live, %lu dead\n", live, dead);
    return 0;
}
