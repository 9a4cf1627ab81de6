/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/sim: the chip on a pseudo terminal, as another process sees it. */
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <sfi/sim_serve.h>

#include <bench/board.h>

#define WAIT_MS 5000

static char link_name[1200];
static pid_t server;
static volatile sig_atomic_t stopping;

static void
on_term(int sig)
{
    (void)sig;
    stopping = 1;
}

/* How often the server has called stop(), in shared memory. */
static volatile int *asked;

static int
stop(void *user)
{
    (void)user;
    (*asked)++;
    return stopping;
}

static sfi_status
serve_usart(sfi_sim *sim, const char *link, int (*end)(void *user), void *user)
{
    const sfi_sim_links links = {
        .struct_size = sizeof(links),
        .flags = SFI_SIM_CONTROL,
        .usart = link,
    };

    return sfi_sim_serve(sim, &links, end, user);
}

static void
pause_ms(long ms)
{
    struct timespec ts = {.tv_nsec = ms * 1000000};

    (void)nanosleep(&ts, NULL);
}

/* After a failure of the test nobody else would end the chip. */
static void
end_with_parent(void)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* A client and the chip in one thread, by an event loop. */
static void
turn_until_readable(int client)
{
    struct pollfd fds[2] = {{.fd = client, .events = POLLIN}};
    uint32_t events, ms;

    for (int i = 0; i < 100; i++) {
        ck_assert_ok(sfi_sim_get_wait(board.sim, 0, &fds[1].fd, &events, &ms));
        fds[1].events =
            (short)(((events & SFI_SIM_READABLE) != 0 ? POLLIN : 0) |
                    ((events & SFI_SIM_WRITABLE) != 0 ? POLLOUT : 0));
        ck_assert_int_ge(poll(fds, 2, (int)ms), 0);
        if (fds[0].revents != 0)
            return;
        ck_assert_ok(sfi_sim_poll(board.sim, 0));
    }
    ck_abort_msg("no answer in 100 turns");
}

/* The chip in a process of its own. */
static void
serve(void)
{
    sfi_sim_free(board.sim);
    board.sim = NULL;
    server = fork();
    ck_assert_int_ge(server, 0);
    if (server == 0) {
        sfi_status st;

        (void)signal(SIGTERM, on_term);
        end_with_parent();
        st = sfi_sim_open(ctx, board.state, &board.sim);
        if (st == SFI_OK)
            st = serve_usart(board.sim, link_name, stop, NULL);
        _exit(-st / 100);
    }
    for (int i = 0; i < WAIT_MS && access(link_name, F_OK) != 0; i++)
        pause_ms(1);
}

/* End it; the chip is open again in this process. */
static int
finish(int sig)
{
    int status;

    ck_assert_int_eq(kill(server, sig), 0);
    ck_assert_int_eq(waitpid(server, &status, 0), server);
    server = 0;
    ck_assert_ok(sfi_sim_open(ctx, board.state, &board.sim));
    return status;
}

static void
setup(void)
{
    board_setup("stm32h753xi");
    (void)snprintf(link_name, sizeof(link_name), "%s/usart", board.base);
    asked = mmap(NULL, sizeof(*asked), PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne((void *)asked, MAP_FAILED);
}

static void
teardown(void)
{
    (void)munmap((void *)asked, sizeof(*asked));
    board_teardown();
}

/* A killed client's exclusive claim is cleared when the line is idle; only root
 * need not wait for that. */
static int
connect_link(void)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    int fd = open(link_name, O_RDWR | O_NOCTTY);
    struct termios t;

    for (int i = 0; fd < 0 && errno == EBUSY && i < 500; i++) {
        (void)nanosleep(&pause, NULL);
        fd = open(link_name, O_RDWR | O_NOCTTY);
    }
    ck_assert_msg(fd >= 0, "%s: %s", link_name, strerror(errno));
    ck_assert_int_eq(tcgetattr(fd, &t), 0);
    cfmakeraw(&t);
    ck_assert_int_eq(tcsetattr(fd, TCSANOW, &t), 0);
    return fd;
}

/* Exactly these bytes, in time. */
static void
expect(int fd, const char *want, size_t len)
{
    uint8_t got[512];
    size_t have = 0;

    while (have < len) {
        struct pollfd pfd = {.fd = fd, .events = POLLIN};
        ssize_t n;

        ck_assert_msg(poll(&pfd, 1, WAIT_MS) == 1, "%zu bytes of %zu came",
                      have, len);
        n = read(fd, got + have, len - have);
        ck_assert_int_gt(n, 0);
        have += (size_t)n;
    }
    ck_assert_mem_eq(got, want, len);
}

static void
talk(int fd, const char *say, size_t say_len, const char *want, size_t len)
{
    ck_assert_int_eq(write(fd, say, say_len), (ssize_t)say_len);
    expect(fd, want, len);
}

#define TALK(fd, say, want) \
    talk((fd), (say), sizeof(say) - 1, (want), sizeof(want) - 1)

START_TEST(test_serves)
{
    struct stat st;
    int status;
    int fd;

    serve();
    ck_assert_int_eq(lstat(link_name, &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    fd = connect_link();
    TALK(fd, "\x7f", "\x79");
    TALK(fd, "\x00\xff",
         "\x79\x0b\x31\x00\x01\x02\x11\x21\x31\x44\x63\x73\x82\x92\x79");
    TALK(fd, "\x02\xfd", "\x79\x01\x04\x50\x79");
    /* every value passes unchanged, in both directions */
    TALK(fd, "\x11\xee", "\x79");
    TALK(fd, "\x08\x00\x00\x00\x08", "\x79");
    TALK(fd, "\x03\xfc", "\x79\xff\xff\xff\xff");
    close(fd);
    status = finish(SIGTERM);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert_int_ne(lstat(link_name, &st), 0);
}
END_TEST

/* A client leaves, another comes: the chip keeps its state. */
START_TEST(test_clients_come_and_go)
{
    serve();
    for (int i = 0; i < 3; i++) {
        int fd = connect_link();

        if (i == 0)
            TALK(fd, "\x7f", "\x79");
        else
            TALK(fd, "\x7f", "\x1f");
        TALK(fd, "\x01\xfe", "\x79\x31\x00\x00\x79");
        close(fd);
        pause_ms(20);
    }
    (void)finish(SIGTERM);
}
END_TEST

/* A killed client leaves its exclusive claim on the line. */
START_TEST(test_client_killed)
{
    int claimed = 1;
    int fd;

    serve();
    fd = connect_link();
    ck_assert_int_eq(ioctl(fd, TIOCEXCL), 0);
    close(fd);
    for (int i = 0; i < 100 && claimed != 0; i++) {
        pause_ms(20);
        fd = connect_link();
        ck_assert_int_eq(ioctl(fd, TIOCGEXCL, &claimed), 0);
        close(fd);
    }
    ck_assert_int_eq(claimed, 0);
    (void)finish(SIGTERM);
}
END_TEST

/* Programmed option bytes reset the chip once the answer is out. */
START_TEST(test_bench_resets)
{
    int fd;

    serve();
    fd = connect_link();
    TALK(fd, "\x7f", "\x79");
    TALK(fd, "\x31\xce", "\x79");
    TALK(fd, "\x52\x00\x20\x1c\x6e", "\x79");
    TALK(fd, "\x07\xf0\xaa\xc6\x1b\xf0\xaa\xe6\x1b\x27", "\x79");
    TALK(fd, "\x7f", "\x79");
    TALK(fd, "\x00\xff", "\x79\x05\x31\x00\x01\x02\x50\x51\x79");
    TALK(fd, "\x11\xee", "\x1f");
    close(fd);
    (void)finish(SIGTERM);
    board_talk("> 7f < 79 > 11 ee < 1f");
}
END_TEST

static int
stop_at_once(void *user)
{
    int *times = user;

    (*times)++;
    return 1;
}

static sfi_status
control(const char *command)
{
    return sfi_sim_control(ctx, board.state, command, NULL, &(size_t){0});
}

/* Commands through the socket in the chip's folder. */
START_TEST(test_control)
{
    const char *path = board_file("control");
    char answer[512];
    size_t len = sizeof(answer);
    struct stat st;
    int fd;

    serve();
    fd = connect_link();
    TALK(fd, "\x7f", "\x79");
    ck_assert_int_eq(lstat(path, &st), 0);
    ck_assert(S_ISSOCK(st.st_mode));
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    TALK(fd, "\x21\xde", "\x79");
    TALK(fd, "\x24\x00\x50\x00\x74", "\x79");
    ck_assert_ok(control("reset"));
    TALK(fd, "\x7f", "\x79");
    ck_assert_ok(sfi_sim_control(ctx, board.state, "state", answer, &len));
    ck_assert_uint_eq(len, strlen(answer) + 1);
    ck_assert_ptr_nonnull(strstr(answer, " runs=bootloader resets=2 "));
    len = 4;
    ck_assert_fails_about(
        sfi_sim_control(ctx, board.state, "state", answer, &len),
        SFI_ERR_BUFFER, board.state, "the buffer 4");
    ck_assert_fails_about(control("power over"), SFI_ERR_STATE, board.state,
                          "power \"over\"", "off or on");
    close(fd);
    (void)finish(SIGTERM);
    ck_assert_int_ne(lstat(path, &st), 0);
    ck_assert_fails(control("reset"), SFI_ERR_NO_DEVICE, path,
                    "no simulator runs this chip, or it has no control "
                    "socket");
}
END_TEST

/* A client that says nothing keeps others out for a second only, and one that
 * leaves for no time. */
START_TEST(test_control_silent_client)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd[2];

    serve();
    (void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", board_file("control"));
    for (int i = 0; i < 2; i++) {
        fd[i] = socket(AF_UNIX, SOCK_STREAM, 0);
        ck_assert_int_eq(connect(fd[i], (struct sockaddr *)&a, sizeof(a)), 0);
    }
    close(fd[0]);
    ck_assert_int_eq(write(fd[1], "res", 3), 3);
    ck_assert_ok(control("reset"));
    close(fd[1]);
    (void)finish(SIGTERM);
}
END_TEST

/* The socket of a simulator that was killed is replaced, and nothing else. */
START_TEST(test_control_left_behind)
{
    const char *path = board_file("control");
    struct stat st;
    int times = 0;
    FILE *f;

    serve();
    ck_assert_ok(control("reset"));
    (void)finish(SIGKILL);
    ck_assert_int_eq(lstat(path, &st), 0);
    ck_assert_fails_about(control("reset"), SFI_ERR_NO_DEVICE, path,
                          "no simulator");
    ck_assert_ok(serve_usart(board.sim, link_name, stop_at_once, &times));
    ck_assert_int_ne(lstat(path, &st), 0);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fclose(f);
    ck_assert_fails(serve_usart(board.sim, link_name, stop_at_once, &times),
                    SFI_ERR_ACCESS, path,
                    "exists and is not a socket, so it is not replaced");
    ck_assert_int_eq(times, 1);
}
END_TEST

START_TEST(test_control_long_path)
{
    char dir[140];

    memset(dir, 'd', sizeof(dir) - 1);
    dir[sizeof(dir) - 1] = '\0';
    ck_assert_int_eq(sfi_sim_control(ctx, dir, "reset", NULL, &(size_t){0}),
                     SFI_ERR_LIMIT);
    ck_assert_ptr_nonnull(strstr(sfi_error_message(sfi_ctx_error(ctx)),
                                 "path of 147 characters, expected at most "
                                 "107 for a socket; use a shorter or a "
                                 "relative path"));
    ck_assert_int_eq(
        sfi_sim_control(ctx, "d", "reset\nhalt", NULL, &(size_t){0}),
        SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_sim_control(ctx, "d", dir, NULL, &(size_t){0}),
                     SFI_ERR_ARGUMENT);
}
END_TEST

/* After a kill at any moment the folder has what was acknowledged, and the next
 * simulator replaces the old link. */
START_TEST(test_killed)
{
    uint8_t back[8];
    struct stat st;
    int fd;

    serve();
    fd = connect_link();
    TALK(fd, "\x7f", "\x79");
    TALK(fd, "\x31\xce", "\x79");
    TALK(fd, "\x08\x00\x00\x00\x08", "\x79");
    TALK(fd, "\x07\x11\x22\x33\x44\x55\x66\x77\x88\x8f", "\x79");
    (void)finish(SIGKILL);
    close(fd);
    ck_assert_ok(sfi_sim_read_flash(board.sim, 0x08000000, back, 8));
    ck_assert_mem_eq(back, "\x11\x22\x33\x44\x55\x66\x77\x88", 8);
    ck_assert_int_eq(lstat(link_name, &st), 0);
    ck_assert_int_eq(unlink(link_name), 0);
    ck_assert_int_eq(symlink("gone", link_name), 0);
    serve();
    for (int i = 0; i < WAIT_MS && access(link_name, F_OK) != 0; i++)
        pause_ms(1);
    fd = connect_link();
    TALK(fd, "\x7f", "\x79");
    close(fd);
    (void)finish(SIGTERM);
    ck_assert_int_ne(lstat(link_name, &st), 0);
}
END_TEST

/* An idle chip sleeps, with and without a client: a busy loop would call stop()
 * thousands of times. */
START_TEST(test_is_idle)
{
    int before;
    int fd;

    serve();
    fd = connect_link();
    TALK(fd, "\x7f", "\x79");
    close(fd);
    before = *asked;
    pause_ms(900);
    ck_assert_int_lt(*asked - before, 100);
    ck_assert_int_gt(*asked - before, 1);
    (void)finish(SIGTERM);
}
END_TEST

START_TEST(test_errors)
{
    char other[1300];
    struct stat st;
    int times = 0;
    FILE *f;

    ck_assert_ok(serve_usart(board.sim, link_name, stop_at_once, &times));
    ck_assert_int_eq(times, 1);
    ck_assert_int_ne(lstat(link_name, &st), 0);

    f = fopen(link_name, "w");
    ck_assert_ptr_nonnull(f);
    fclose(f);
    ck_assert_fails(serve_usart(board.sim, link_name, stop_at_once, &times),
                    SFI_ERR_ACCESS, link_name,
                    "exists and is not a symbolic link");
    ck_assert_int_eq(unlink(link_name), 0);

    (void)snprintf(other, sizeof(other), "%s/none/usart", board.base);
    ck_assert_fails(serve_usart(board.sim, other, stop_at_once, &times),
                    SFI_ERR_OS, other,
                    "cannot make the link: No such file or directory");
    ck_assert_int_eq(times, 1);
    ck_assert_fails_about(serve_usart(board.sim, NULL, stop, NULL),
                          SFI_ERR_ARGUMENT, "",
                          "l->usart != NULL || l->jtag != NULL");
    ck_assert_fails_about(serve_usart(board.sim, link_name, NULL, NULL),
                          SFI_ERR_ARGUMENT, "", "stop != NULL");
    ck_assert_int_eq(serve_usart(NULL, link_name, stop, NULL),
                     SFI_ERR_ARGUMENT);
}
END_TEST

static int
stop_from_inside(void *user)
{
    sfi_status *st = user;

    *st = sfi_sim_power_on(board.sim);
    return 1;
}

START_TEST(test_no_reentry)
{
    sfi_status inside = SFI_OK;

    ck_assert_int_eq(
        serve_usart(board.sim, link_name, stop_from_inside, &inside), SFI_OK);
    ck_assert_int_eq(inside, SFI_ERR_STATE);
}
END_TEST

START_TEST(test_event_loop)
{
    const sfi_sim_links links = {
        .struct_size = sizeof(links),
        .flags = SFI_SIM_CONTROL,
        .usart = link_name,
    };
    uint32_t events, ms;
    uint8_t byte = 0x7f;
    int client, fd;

    ck_assert_fails_about(sfi_sim_poll(board.sim, 0), SFI_ERR_STATE, "",
                          "not served");
    ck_assert_ok(sfi_sim_serve_begin(board.sim, &links));
    ck_assert_fails_about(sfi_sim_serve_begin(board.sim, &links), SFI_ERR_STATE,
                          "", "already");
    client = connect_link();
    ck_assert_int_eq(write(client, &byte, 1), 1);
    turn_until_readable(client);
    ck_assert_int_eq(read(client, &byte, 1), 1);
    ck_assert_uint_eq(byte, 0x79);
    ck_assert_ok(sfi_sim_get_wait(board.sim, 1, &fd, &events, &ms));
    ck_assert_uint_eq(events, SFI_SIM_READABLE); /* the control socket */
    ck_assert_fails_about(sfi_sim_get_wait(board.sim, 2, &fd, &events, &ms),
                          SFI_ERR_RANGE, "", "2 links");
    (void)close(client);
    sfi_sim_serve_end(board.sim);
    sfi_sim_serve_end(board.sim);
    sfi_sim_serve_end(NULL);
    ck_assert_int_ne(access(link_name, F_OK), 0);
    ck_assert_ok(sfi_sim_serve_begin(board.sim, &links)); /* freed served */
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("sim_pty");
    TCase *t = tcase_create("pty");

    tcase_set_timeout(t, 30);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_serves);
    tcase_add_test(t, test_clients_come_and_go);
    tcase_add_test(t, test_client_killed);
    tcase_add_test(t, test_bench_resets);
    tcase_add_test(t, test_killed);
    tcase_add_test(t, test_control);
    tcase_add_test(t, test_control_silent_client);
    tcase_add_test(t, test_control_left_behind);
    tcase_add_test(t, test_control_long_path);
    tcase_add_test(t, test_is_idle);
    tcase_add_test(t, test_errors);
    tcase_add_test(t, test_no_reentry);
    tcase_add_test(t, test_event_loop);
    suite_add_tcase(s, t);
    return run_suite(s);
}
