/* A fleet of servers in one process: every 127/8 address answers as a host of its own.
 *
 * FTP on 21: anonymous login, a listing of 20 files, each with one kilobyte of prose. TLS behind
 * AUTH TLS where the address is 127.100/16 or above, refused below; TLS from the first byte on 990.
 * Only control connections are protected. SSH on 22: identification and KEXINIT, and nothing after.
 * Each kind of connection has one listener for all hosts; data connections are matched to the
 * session that asked for them by the local address. One session at a time per address is assumed.
 *
 * 127.200/16 is silent: its SYNs are dropped. 127.201/16 resets what it has accepted. 127.202/16
 * accepts and says nothing. Each reply waits DELAY_MS; TLS records and data do not wait.
 *
 * Whoever sends to a process that sleeps pays for waking it: on loopback that is the client, out of
 * its own system time. A fleet that is "awake" asks for events without ever sleeping, and takes a
 * whole core for it.
 *
 *   cc -O2 -o fleet_simulator fleet_simulator.c -lssl -lcrypto
 *   ./fleet_simulator [DELAY_MS [awake]]
 *
 * Prints "ready" once it listens; SIGTERM makes it print what it served.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    FTP_PORT = 21,
    SSH_PORT = 22,
    FTPS_PORT = 990,
    DATA_PORT = 20021,
    MOST_FDS = 65536,
    SLOTS = 1 << 24,
    QUEUE = 1 << 17,
    LINE = 512,
    FILES = 20,
    FILE_SIZE = 1024
};
enum area { WITH_TLS = 100, SILENT = 200, RESETS = 201, MUTE = 202 };
enum kind { NOTHING, FTP_LISTENER, FTPS_LISTENER, SSH_LISTENER, DATA_LISTENER, FTP, UNHEARD, DATA };
enum then { GO_ON, TRANSFER, START_TLS, HANG_UP }; /* what follows a reply */

struct connection {
    enum kind kind;
    unsigned generation; /* tells a connection from an earlier one of the same descriptor */
    struct in_addr local;
    int data;            /* control: its data connection, or -1 */
    const char *pending; /* control: what to send once the data connection is there */
    size_t pending_size;
    int anonymous, logged_in;
    int invited;   /* the 150 was sent, and data may flow */
    int ungreeted; /* TLS comes first, and the greeting after it */
    SSL *tls;
    char passive[80], line[LINE];
    size_t filled;
};

struct reply {
    double due;
    int fd;
    unsigned generation;
    const char *text;
    size_t size;
    enum then then;
};

static struct connection connections[MOST_FDS];
static int sessions[SLOTS]; /* by the low 24 bits of the address: the control connection, or 0 */
static struct reply queue[QUEUE];
static unsigned long first_reply, last_reply;
static int events;
static double delay;
static SSL_CTX *tls_context;
static char list[4096], names[1024], facts[4096], contents[FILE_SIZE], ssh_hello[4096];
static size_t ssh_hello_size;
static unsigned long accepted, transfers, commands, handshakes;
static volatile sig_atomic_t stopping;

static void stop(int number) {
    (void)number;
    stopping = 1;
}

static double now(void) {
    struct timespec moment;

    clock_gettime(CLOCK_MONOTONIC, &moment);
    return moment.tv_sec + moment.tv_nsec / 1e9;
}

static unsigned slot(struct in_addr address) { return ntohl(address.s_addr) & (SLOTS - 1); }
static unsigned area(struct in_addr address) { return ntohl(address.s_addr) >> 16 & 255; }

static void fail(const char *what) {
    perror(what);
    exit(1);
}

/* --- what is served ------------------------------------------------------------------- */

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

/* An identification and a KEXINIT packet (RFC 4253 sections 4.2, 6 and 7.1). */
static void fill_ssh(void) {
    static const char ciphers[] = "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,"
                                  "aes128-gcm@openssh.com,aes256-gcm@openssh.com";
    static const char macs[] = "umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,"
                               "hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512";
    static const char *const lists[] = {
        "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
        "diffie-hellman-group16-sha512,diffie-hellman-group14-sha256",
        "ssh-ed25519,rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256",
        ciphers, ciphers, macs, macs, "none,zlib@openssh.com", "none,zlib@openssh.com", "", ""};
    size_t start = sprintf(ssh_hello, "SSH-2.0-FleetSimulator_1.0\r\n"), at = start + 5, padding;

    ssh_hello[at++] = 20; /* SSH_MSG_KEXINIT */
    for (int i = 0; i < 16; i++)
        ssh_hello[at++] = i;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        uint32_t size = strlen(lists[i]), wire = htonl(size);

        memcpy(ssh_hello + at, &wire, 4);
        memcpy(ssh_hello + at + 4, lists[i], size);
        at += 4 + size;
    }
    at += 5; /* no guess follows, and a reserved word */
    padding = 4 + (8 - (at - start + 4) % 8) % 8;
    ssh_hello_size = at + padding;
    uint32_t wire = htonl(ssh_hello_size - start - 4);
    memcpy(ssh_hello + start, &wire, 4);
    ssh_hello[start + 4] = padding;
}

static void fill_tls(void) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_EXTENSION *names =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:fleet.example.invalid");

    tls_context = SSL_CTX_new(TLS_server_method());
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_set_version(certificate, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -86400);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * 365);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               (const unsigned char *)"fleet.example.invalid", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_add_ext(certificate, names, -1);
    X509_EXTENSION_free(names);
    if (!tls_context || !key || !X509_set_pubkey(certificate, key) ||
        !X509_sign(certificate, key, EVP_sha256()) ||
        !SSL_CTX_use_certificate(tls_context, certificate) ||
        !SSL_CTX_use_PrivateKey(tls_context, key))
        ERR_print_errors_fp(stderr), exit(1);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

/* --- connections ---------------------------------------------------------------------- */

static void watch(int fd, enum kind kind) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    connections[fd].kind = kind;
    if (epoll_ctl(events, EPOLL_CTL_ADD, fd, &event))
        fail("epoll_ctl");
}

/* Let no packet reach the silent area: a listener's filter sees SYNs, and those it made keep it. */
static void drop_silent(int fd) {
    struct sock_filter steps[] = {
        {BPF_LD | BPF_B | BPF_ABS, 0, 0, SKF_NET_OFF + 17}, /* second octet of the destination */
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SILENT},
        {BPF_RET | BPF_K, 0, 0, 0},
        {BPF_RET | BPF_K, 0, 0, 0xffffffff},
    };
    struct sock_fprog program = {sizeof steps / sizeof *steps, steps};

    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program))
        fail("filter");
}

static void listener(int port, enum kind kind) {
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    drop_silent(fd);
    any.sin_addr.s_addr = htonl(INADDR_ANY);
    if (bind(fd, (struct sockaddr *)&any, sizeof any) || listen(fd, 4096))
        fail("listen");
    watch(fd, kind);
}

static void finish(int fd) {
    connections[fd].kind = NOTHING;
    connections[fd].generation++;
    close(fd);
}

static void hang_up(int fd) {
    struct connection *session = &connections[fd];

    if (sessions[slot(session->local)] == fd)
        sessions[slot(session->local)] = 0;
    if (session->data >= 0)
        finish(session->data);
    SSL_free(session->tls);
    session->tls = NULL;
    finish(fd);
}

static void put(int fd, const char *text, size_t size) {
    SSL *tls = connections[fd].tls;
    int sent = tls ? SSL_write(tls, text, size) : send(fd, text, size, MSG_NOSIGNAL);

    if (tls ? SSL_get_error(tls, sent) == SSL_ERROR_WANT_WRITE : sent < 0 && errno == EAGAIN)
        fprintf(stderr, "a client does not read its replies\n");
}

/* Send what was asked for, once the request was answered and the data connection is there. */
static void transfer(int control) {
    struct connection *session = &connections[control];

    if (!session->invited || session->data < 0)
        return;
    if (send(session->data, session->pending, session->pending_size, MSG_NOSIGNAL) < 0 &&
        errno == EAGAIN)
        fprintf(stderr, "a client does not read its data\n");
    finish(session->data);
    session->data = -1;
    session->invited = 0;
    transfers++;
    put(control, "226 Transfer complete.\r\n", 24);
}

static void start_tls(int fd) {
    SSL *tls = connections[fd].tls = SSL_new(tls_context);

    SSL_set_fd(tls, fd);
    SSL_set_accept_state(tls);
}

static void carry_out(int fd, const char *text, size_t size, enum then then) {
    put(fd, text, size);
    if (then == TRANSFER) {
        connections[fd].invited = 1;
        transfer(fd);
    } else if (then == START_TLS)
        start_tls(fd);
    else if (then == HANG_UP)
        hang_up(fd);
}

static void answer(int fd, const char *text, size_t size, enum then then) {
    struct reply *next = &queue[last_reply % QUEUE];

    if (delay == 0) {
        carry_out(fd, text, size, then);
        return;
    }
    if (last_reply++ - first_reply == QUEUE)
        fprintf(stderr, "too many replies wait\n"), exit(1);
    *next = (struct reply){now() + delay, fd, connections[fd].generation, text, size, then};
}

static void say(int fd, const char *text) { answer(fd, text, strlen(text), GO_ON); }

/* Send the replies whose time has come; return milliseconds until the next, 200 at most. */
static int send_due(void) {
    double moment = now(), left;

    for (; first_reply < last_reply; first_reply++) {
        struct reply *next = &queue[first_reply % QUEUE];

        left = next->due - moment;
        if (left > 0)
            return left < 0.2 ? 1 + (int)(left * 1000) : 200;
        if (connections[next->fd].generation == next->generation)
            carry_out(next->fd, next->text, next->size, next->then);
    }
    return 200;
}

/* --- FTP ------------------------------------------------------------------------------ */

static void offer(int fd, const char *text, size_t size) {
    struct connection *session = &connections[fd];
    static const char begins[] = "150 Here it comes.\r\n";

    if (!session->logged_in) {
        say(fd, "530 Please log in.\r\n");
        return;
    }
    session->pending = text;
    session->pending_size = size;
    answer(fd, begins, sizeof begins - 1, TRANSFER);
}

static void passive(int fd, int extended) {
    struct connection *session = &connections[fd];
    unsigned a = ntohl(session->local.s_addr);

    if (extended)
        sprintf(session->passive, "229 Entering Extended Passive Mode (|||%d|)\r\n", DATA_PORT);
    else
        sprintf(session->passive, "227 Entering Passive Mode (%u,%u,%u,%u,%d,%d).\r\n", a >> 24,
                a >> 16 & 255, a >> 8 & 255, a & 255, DATA_PORT >> 8, DATA_PORT & 255);
    say(fd, session->logged_in ? session->passive : "530 Please log in.\r\n");
}

static void authenticate(int fd, const char *mechanism) {
    struct connection *session = &connections[fd];
    static const char proceed[] = "234 Proceed.\r\n";

    if (area(session->local) < WITH_TLS || session->tls)
        say(fd, "502 Command not implemented.\r\n");
    else if (strcasecmp(mechanism, "TLS"))
        say(fd, "504 Unknown mechanism.\r\n");
    else
        answer(fd, proceed, sizeof proceed - 1, START_TLS);
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
    {"PBSZ", "200 PBSZ=0\r\n"},
    {"REST", "350 Restart position accepted.\r\n"},
    {"SIZE", "213 1024\r\n"},
    {"MDTM", "213 20240301120000\r\n"},
};

/* Answers one command line. */
static void obey(int fd, char *line) {
    struct connection *session = &connections[fd];
    char *space = strchr(line, ' '), *argument = space ? space + 1 : line + strlen(line);

    commands++;
    if (space)
        *space = 0;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (!strcasecmp(line, fixed[i].verb)) {
            say(fd, fixed[i].reply);
            return;
        }
    if (!strcasecmp(line, "USER")) {
        session->anonymous = !strcasecmp(argument, "anonymous") || !strcasecmp(argument, "ftp");
        say(fd, "331 Please specify the password.\r\n");
    } else if (!strcasecmp(line, "PASS")) {
        session->logged_in = session->anonymous;
        say(fd, session->anonymous ? "230 Login successful.\r\n" : "530 Login incorrect.\r\n");
    } else if (!strcasecmp(line, "AUTH"))
        authenticate(fd, argument);
    else if (!strcasecmp(line, "PROT"))
        say(fd, strcasecmp(argument, "C") ? "536 Not supported.\r\n" : "200 Done.\r\n");
    else if (!strcasecmp(line, "PASV") || !strcasecmp(line, "EPSV"))
        passive(fd, !strcasecmp(line, "EPSV"));
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
        answer(fd, "221 Goodbye.\r\n", 14, HANG_UP);
    else
        say(fd, "502 Command not implemented.\r\n");
}

static void greet(int fd) { say(fd, "220 Fleet simulator\r\n"); }

static int shaken_hands(int fd) {
    struct connection *session = &connections[fd];
    int done = SSL_do_handshake(session->tls);

    if (done == 1) {
        handshakes++;
        if (session->ungreeted)
            session->ungreeted = 0, greet(fd);
    }
    return done;
}

/* Returns what recv() would, with TLS taken off; shakes hands first where that is due. */
static ssize_t get(int fd, char *into, size_t room) {
    SSL *tls = connections[fd].tls;
    int got = 1;

    if (!tls)
        return recv(fd, into, room, 0);
    ERR_clear_error();
    if (!SSL_is_init_finished(tls))
        got = shaken_hands(fd);
    if (got == 1 && (got = SSL_read(tls, into, room)) > 0)
        return got;
    errno = SSL_get_error(tls, got) == SSL_ERROR_WANT_READ ? EAGAIN : ECONNRESET;
    return -1;
}

static void hear(int fd) {
    struct connection *session = &connections[fd];
    unsigned generation = session->generation;
    ssize_t got;

    do {
        char *start = session->line, *end;

        got = get(fd, session->line + session->filled, LINE - 1 - session->filled);
        if (got <= 0) {
            if (got == 0 || errno != EAGAIN)
                hang_up(fd);
            return;
        }
        session->filled += got;
        session->line[session->filled] = 0;
        while ((end = strstr(start, "\r\n"))) {
            *end = 0;
            obey(fd, start);
            if (session->generation != generation)
                return;
            if (session->tls && !SSL_is_init_finished(session->tls)) {
                session->filled = 0; /* what came in clear behind AUTH is no part of TLS */
                return;
            }
            start = end + 2;
        }
        session->filled = strlen(start);
        memmove(session->line, start, session->filled + 1);
        if (session->filled == LINE - 1) {
            hang_up(fd); /* a line longer than any command */
            return;
        }
    } while (session->tls); /* TLS may hold more than the socket tells */
}

/* --- new connections ------------------------------------------------------------------ */

static void take_control(int fd, struct in_addr local, enum kind from) {
    struct connection *session = &connections[fd];
    struct linger at_once = {1, 0};

    *session = (struct connection){
        .generation = session->generation, .local = local, .data = -1};
    if (area(local) == RESETS) {
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(fd);
        return;
    }
    accepted++;
    if (area(local) == MUTE) {
        watch(fd, UNHEARD);
        return;
    }
    watch(fd, from == SSH_LISTENER ? UNHEARD : FTP);
    if (from == SSH_LISTENER) {
        answer(fd, ssh_hello, ssh_hello_size, GO_ON);
        return;
    }
    sessions[slot(local)] = fd;
    if (from == FTP_LISTENER) {
        greet(fd);
        return;
    }
    session->ungreeted = 1;
    start_tls(fd);
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
        if (kind == DATA_LISTENER)
            take_data(fd, local.sin_addr);
        else
            take_control(fd, local.sin_addr, kind);
    }
}

/* Of SSH clients, and of those of a mute host, nothing matters but their end. */
static void ignore(int fd) {
    char words[4096];
    ssize_t got = recv(fd, words, sizeof words, 0);

    if (got == 0 || (got < 0 && errno != EAGAIN))
        hang_up(fd);
}

static void serve(int fd) {
    switch (connections[fd].kind) {
    case FTP:
        hear(fd);
        break;
    case UNHEARD:
        ignore(fd);
        break;
    case FTP_LISTENER:
    case FTPS_LISTENER:
    case SSH_LISTENER:
    case DATA_LISTENER:
        take(fd, connections[fd].kind);
        break;
    case DATA:
    case NOTHING:
        break;
    }
}

int main(int count, char **words) {
    struct epoll_event ready[256];
    struct rlimit most;
    int awake = count == 3 && !strcmp(words[2], "awake");

    if (count > 3 || (count == 3 && !awake))
        return fprintf(stderr, "usage: fleet_simulator [DELAY_MS [awake]]\n"), 2;
    delay = count > 1 ? atof(words[1]) / 1000 : 0;
    signal(SIGTERM, stop);
    signal(SIGPIPE, SIG_IGN);
    getrlimit(RLIMIT_NOFILE, &most);
    most.rlim_cur = most.rlim_max;
    setrlimit(RLIMIT_NOFILE, &most);
    fill();
    fill_ssh();
    fill_tls();
    events = epoll_create1(0);
    listener(FTP_PORT, FTP_LISTENER);
    listener(FTPS_PORT, FTPS_LISTENER);
    listener(SSH_PORT, SSH_LISTENER);
    listener(DATA_PORT, DATA_LISTENER);
    puts("ready");
    fflush(stdout);
    while (!stopping) {
        int longest = send_due(), found = epoll_wait(events, ready, 256, awake ? 0 : longest);

        for (int i = 0; i < found; i++)
            serve(ready[i].data.fd);
    }
    printf("sessions %lu commands %lu transfers %lu handshakes %lu\n", accepted, commands,
           transfers, handshakes);
    return 0;
}
