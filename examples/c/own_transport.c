/* Uploads over sockets that the program owns: own_transport URL FILE [ROOT_PEM]
 *
 * A program with a network of its own (a tunnel, a sandbox, an event loop) gives the engine four callbacks. They never wait: who
 * can do nothing now says QUINTET_PENDING, and calls quintet_wake when that has changed. Here a thread polls the sockets. For https
 * the engine makes TLS over these connections by itself. Addresses only, no names. */
#define _POSIX_C_SOURCE 200809L

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "quintet.h"

#define CONNECTIONS_MAX 16

struct connection {
    int socket;
    int is_waiting; /* POLLIN or POLLOUT or both: what the engine was told to wait for */
    quintet_waker waker;
};

/* The program's network: connections, and a thread that waits for them. */
struct network {
    pthread_mutex_t lock;
    pthread_t thread;
    int nudge[2]; /* a byte here tells the thread to look at the connections again */
    int is_over;
    int dropped;
    struct connection *connections[CONNECTIONS_MAX];
};

static void nudge(struct network *network)
{
    /* If the pipe is full, the thread has a reason to look already. */
    ssize_t written = write(network->nudge[1], "", 1);
    (void)written;
}

/* Wakes whoever waits for a socket that is ready. */
static void *wait_for_sockets(void *argument)
{
    struct network *network = (struct network *)argument;
    struct pollfd on[CONNECTIONS_MAX + 1];
    char bytes[64];
    int at, is_over = 0;

    while (!is_over) {
        pthread_mutex_lock(&network->lock);
        is_over = network->is_over;
        on[CONNECTIONS_MAX].fd = network->nudge[0];
        on[CONNECTIONS_MAX].events = POLLIN;
        for (at = 0; at < CONNECTIONS_MAX; at++) {
            struct connection *connection = network->connections[at];
            int waits = connection != NULL && connection->is_waiting != 0;
            on[at].fd = waits ? connection->socket : -1;
            on[at].events = (short)(waits ? connection->is_waiting : 0);
            on[at].revents = 0;
        }
        pthread_mutex_unlock(&network->lock);
        if (is_over || poll(on, CONNECTIONS_MAX + 1, -1) < 0)
            continue;
        if (on[CONNECTIONS_MAX].revents) {
            ssize_t got = read(network->nudge[0], bytes, sizeof bytes);
            (void)got;
        }
        pthread_mutex_lock(&network->lock);
        for (at = 0; at < CONNECTIONS_MAX; at++) {
            struct connection *connection = network->connections[at];
            /* It may be gone by now, or another one: then a wake too many does no harm. */
            if (connection != NULL && on[at].revents) {
                connection->is_waiting = 0;
                quintet_wake(connection->waker);
            }
        }
        pthread_mutex_unlock(&network->lock);
    }
    return NULL;
}

static int pending(struct network *network, struct connection *connection, int what)
{
    pthread_mutex_lock(&network->lock);
    connection->is_waiting |= what;
    pthread_mutex_unlock(&network->lock);
    nudge(network);
    return QUINTET_PENDING;
}

/* What an errno means to the engine; or waits for `what`. */
static int trouble(struct network *network, struct connection *connection, int what)
{
    switch (errno) {
    case EAGAIN:
    case EINTR:
    case EINPROGRESS:
    case EALREADY:
        return pending(network, connection, what);
    case ECONNREFUSED:
        return QUINTET_REFUSED;
    case ENETUNREACH:
    case EHOSTUNREACH:
        return QUINTET_NO_ROUTE;
    default:
        return QUINTET_RESET;
    }
}

static struct connection *new_connection(struct network *network, quintet_waker waker)
{
    struct connection *connection = (struct connection *)calloc(1, sizeof *connection);
    int at;

    if (connection == NULL)
        return NULL;
    connection->waker = waker;
    connection->socket = socket(AF_INET, SOCK_STREAM, 0);
    pthread_mutex_lock(&network->lock);
    for (at = 0; at < CONNECTIONS_MAX && network->connections[at] != NULL; at++)
        continue;
    if (at < CONNECTIONS_MAX && connection->socket >= 0) {
        network->connections[at] = connection;
        fcntl(connection->socket, F_SETFL, O_NONBLOCK);
        pthread_mutex_unlock(&network->lock);
        return connection;
    }
    pthread_mutex_unlock(&network->lock);
    if (connection->socket >= 0)
        close(connection->socket);
    free(connection);
    return NULL;
}

static int32_t on_connect(void *user, const quintet_target *target, quintet_waker waker,
                          void **slot)
{
    struct network *network = (struct network *)user;
    struct sockaddr_in address;

    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(target->port);
    if (inet_pton(AF_INET, target->host, &address.sin_addr) != 1)
        return QUINTET_NOT_RESOLVED;
    if (*slot == NULL)
        *slot = new_connection(network, waker);
    if (*slot == NULL)
        return QUINTET_REFUSED;
    /* Asked again, connect tells how it went. */
    if (connect(((struct connection *)*slot)->socket, (struct sockaddr *)&address,
                sizeof address) == 0 ||
        errno == EISCONN)
        return QUINTET_OK;
    return trouble(network, (struct connection *)*slot, POLLOUT);
}

static int64_t on_write(void *user, void *slot, const void *data, size_t len)
{
    struct connection *connection = (struct connection *)slot;
    ssize_t sent = send(connection->socket, data, len, MSG_NOSIGNAL);

    return sent >= 0 ? sent : trouble((struct network *)user, connection, POLLOUT);
}

static int64_t on_read(void *user, void *slot, void *data, size_t len)
{
    struct connection *connection = (struct connection *)slot;
    ssize_t got = recv(connection->socket, data, len, 0);

    return got >= 0 ? got : trouble((struct network *)user, connection, POLLIN);
}

static int32_t on_finish(void *user, void *slot)
{
    (void)user;
    shutdown(((struct connection *)slot)->socket, SHUT_WR);
    return QUINTET_OK;
}

static void on_close(void *user, void *slot)
{
    struct network *network = (struct network *)user;
    struct connection *connection = (struct connection *)slot;
    int at;

    pthread_mutex_lock(&network->lock);
    for (at = 0; at < CONNECTIONS_MAX; at++)
        if (network->connections[at] == connection)
            network->connections[at] = NULL;
    pthread_mutex_unlock(&network->lock);
    close(connection->socket);
    free(connection);
}

static void on_drop(void *user)
{
    ((struct network *)user)->dropped++;
}

static void on_event(void *user, const quintet_event *event)
{
    (void)user;
    if (event->kind == QUINTET_EVENT_DONE) {
        *(int *)event->user = event->error;
        printf("%.*s %d\n", (int)event->err_msg.len, event->err_msg.data, (int)event->status);
        printf("%.*s\n", (int)event->body.len, event->body.data);
    }
}

/* The certificates that are trusted too, if the program was given any. */
static char *read_file(const char *path, size_t *len)
{
    static char bytes[65536];
    FILE *file = fopen(path, "rb");

    *len = file != NULL ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (file != NULL)
        fclose(file);
    return bytes;
}

static int upload(struct network *network, int argc, char **argv)
{
    quintet_transport transport;
    quintet_settings settings;
    quintet_engine engine;
    quintet_request request;
    quintet_task task;
    int error = -1;

    memset(&transport, 0, sizeof transport);
    transport.struct_size = sizeof transport;
    transport.user = network;
    transport.connect = on_connect;
    transport.write = on_write;
    transport.read = on_read;
    transport.finish = on_finish;
    transport.close = on_close;
    transport.drop = on_drop;

    memset(&settings, 0, sizeof settings);
    settings.struct_size = sizeof settings;
    settings.on_event = on_event;
    settings.transport = &transport;
    if (argc > 3)
        settings.root_pem = read_file(argv[3], &settings.root_pem_len);
    if (quintet_engine_new(&settings, &engine) != QUINTET_OK ||
        quintet_request_new(argv[1], argv[2], "file", &request) != QUINTET_OK ||
        quintet_upload(engine, request, &error, &task) != QUINTET_OK) {
        fprintf(stderr, "%s\n", quintet_last_error());
        return -1;
    }
    quintet_task_wait(task, -1);
    quintet_engine_free(engine);
    return error;
}

int main(int argc, char **argv)
{
    static struct network network;
    int error;

    if (argc < 3) {
        fprintf(stderr, "usage: own_transport URL FILE [ROOT_PEM]\n");
        return 2;
    }
    pthread_mutex_init(&network.lock, NULL);
    if (pipe(network.nudge) != 0 ||
        pthread_create(&network.thread, NULL, wait_for_sockets, &network) != 0)
        return 2;
    fcntl(network.nudge[1], F_SETFL, O_NONBLOCK);
    error = upload(&network, argc, argv);
    pthread_mutex_lock(&network.lock);
    network.is_over = 1;
    pthread_mutex_unlock(&network.lock);
    nudge(&network);
    pthread_join(network.thread, NULL);
    close(network.nudge[0]);
    close(network.nudge[1]);
    printf("the network was dropped %d time\n", network.dropped);
    return error != 0;
}
