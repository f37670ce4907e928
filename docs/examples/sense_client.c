// SPDX-License-Identifier: Apache-2.0
/* Registers with a SENSE/1 server, prints each event and acknowledges it. C99 and POSIX sockets; no
   heap. usage: sense_client ADDRESS [PORT [TYPE [SOURCE]]] */
#define _POSIX_C_SOURCE 200112L
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char in[65536], out[1200];
static char cookie[80], subscription[80];
static const char *type = "*", *source = "";
static unsigned long top;
static unsigned long long seen;
static unsigned tag;
static int s;

static void say(const char *text) {
  if (send(s, text, strlen(text), 0) < 0) perror("send");
}

/* Copies the value of a property to `value`. Answers whether it is there and fits. */
static int get(const char *name, char *value, size_t size) {
  size_t length = strlen(name);
  const char *line = strchr(in, '\n');
  for (; line && line[1] != '\n' && line[1] != '\r' && line[1]; line = strchr(line + 1, '\n')) {
    const char *end = line + 1 + strcspn(line + 1, "\r\n");
    const char *from = line + 1 + length + 2; /* after "NAME: " */
    if (strncmp(line + 1, name, length) != 0 || line[1 + length] != ':' || from > end) continue;
    if ((size_t)(end - from) >= size) return 0;
    memcpy(value, from, (size_t)(end - from));
    value[end - from] = 0;
    return 1;
  }
  return 0;
}

/* Asks for a subscription, or for more of the one that there is. */
static void enrol(int again) {
  int n;
  if (!again) tag++; /* a repeated request keeps its tag */
  n = snprintf(out, sizeof out, "SENSE/1 REGISTER r%u\nPeriod: 600\n", tag);
  if (cookie[0]) n += snprintf(out + n, sizeof out - (size_t)n, "Cookie: %s\n", cookie);
  if (subscription[0]) {
    n += snprintf(out + n, sizeof out - (size_t)n, "Subscription: %s\n", subscription);
  } else {
    n += snprintf(out + n, sizeof out - (size_t)n, "Type: %.300s\n", type);
    if (source[0]) n += snprintf(out + n, sizeof out - (size_t)n, "Source: %.300s\n", source);
  }
  snprintf(out + n, sizeof out - (size_t)n, "\n");
  say(out);
}

/* A reply: 0 to ask again at once, else the seconds after which to renew. */
static long answered(unsigned code) {
  char period[16] = "";
  char before[80];
  long seconds = 1;
  strcpy(before, subscription);
  if (code == 9 && get("Cookie", cookie, sizeof cookie)) return 0;
  if (code == 15 && subscription[0]) return subscription[0] = 0, 0; /* forgotten: register anew */
  if (code != 0 || !get("Subscription", subscription, sizeof subscription)) return 30;
  if (strcmp(before, subscription) != 0) top = 0, seen = 0; /* numbers begin again */
  if (get("Period", period, sizeof period)) sscanf(period, "%9ld", &seconds);
  printf("# subscription %s for %ld s\n", subscription, seconds);
  return seconds > 1 ? seconds / 2 : 1;
}

/* Whether the number is new: the highest one, and a bit for each of the 64 up to it. */
static int fresh(unsigned long number) {
  unsigned long more = number - top;
  if (number > top) {
    seen = (more < 64 ? seen << more : 0) | 1;
    return top = number, 1;
  }
  if (top - number >= 64) return 1; /* rather twice than never */
  if (seen >> (top - number) & 1) return 0;
  return seen |= 1ULL << (top - number), 1;
}

static void event(const char *kind, size_t size) {
  char id[80], first[24] = "", last[24] = "";
  unsigned long number = 0;
  const char *data = strstr(in, "\n\n");
  if (!get("Subscription", id, sizeof id) || strcmp(id, subscription) != 0) return;
  if (!strcmp(kind, "ENDED")) {
    snprintf(out, sizeof out, "SENSE/1 ACK a\nSubscription: %s\n\n", id);
    subscription[0] = 0;
  } else {
    get(strcmp(kind, "GAP") ? "Number" : "From", first, sizeof first);
    if (!get("To", last, sizeof last)) strcpy(last, first);
    sscanf(last, "%20lu", &number);
    snprintf(out, sizeof out, "SENSE/1 ACK a\nSubscription: %s\nNumber: %s-%s\n\n", id, first,
             last);
  }
  if (!strcmp(kind, "EVENT") && fresh(number) && data)
    printf("%lu: %.*s\n", number, (int)(size - (size_t)(data + 2 - in)), data + 2);
  fflush(stdout);
  say(out); /* after printing: what is acknowledged is not sent again */
}

int main(int argc, char **argv) {
  struct addrinfo hints, *to;
  time_t due = 0;
  unsigned tries = 0;
  memset(&hints, 0, sizeof hints);
  hints.ai_socktype = SOCK_DGRAM;
  if (argc < 2 || getaddrinfo(argv[1], argc > 2 ? argv[2] : "7367", &hints, &to) != 0) return 2;
  if (argc > 3) type = argv[3];
  if (argc > 4) source = argv[4];
  s = socket(to->ai_family, SOCK_DGRAM, 0);
  if (s < 0 || connect(s, to->ai_addr, to->ai_addrlen) < 0) return perror(argv[1]), 1;
  for (;;) {
    struct pollfd ready = {0, POLLIN, 0};
    char kind[12] = "", their_tag[66] = "", ours[16];
    unsigned code = 99;
    ssize_t size;
    ready.fd = s;
    if (time(NULL) >= due) { /* ask, and again after 1, 2, 4 ... 32 s without an answer */
      enrol(tries > 0);
      due = time(NULL) + (1L << (tries > 5 ? 5 : tries));
      tries++;
    }
    if (poll(&ready, 1, 200) <= 0 || (size = recv(s, in, sizeof in - 1, 0)) <= 0) continue;
    in[size] = 0;
    if (sscanf(in, "SENSE/1 %11s %65s %u", kind, their_tag, &code) < 2) continue;
    snprintf(ours, sizeof ours, "r%u", tag);
    if (strcmp(kind, "REPLY") != 0) {
      event(kind, (size_t)size);
      if (!subscription[0] && tries == 0) due = 0;
    } else if (tries > 0 && !strcmp(their_tag, ours)) {
      due = time(NULL) + answered(code);
      tries = 0;
    }
  }
}
