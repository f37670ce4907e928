// SPDX-License-Identifier: Apache-2.0
/* What a device does with the library gateways/sense/client: prints each event of a SENSE/1 server
   and acknowledges it, or publishes one. C99 and POSIX sockets; no heap.

   usage: sense_device ADDRESS [PORT [TYPE [SOURCE]]]        prints `NUMBER: DATA` lines
          sense_device -p TYPE SOURCE DATA ADDRESS [PORT]    ends with 0 when it is stored */
#define _POSIX_C_SOURCE 200112L
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sense_client.h"

static char in[65536], out[1200];
static char registration[900], lines[900], prefix[25];
static sense_client client;
static int s, outcome = -1;

static uint32_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint32_t)time.tv_sec * 1000U + (uint32_t)(time.tv_nsec / 1000000);
}

static void send_out(void* context, const void* octets, size_t size) {
  (void)context;
  if (send(s, octets, size, 0) < 0) perror("send"); /* the library sends it again */
}

static int say(const char* what, sense_text text) {
  return printf("%s%.*s\n", what, (int)text.size, text.at ? text.at : "") >= 0 &&
         fflush(stdout) == 0;
}

/* An event is acknowledged when this answers 1: here, when it has been printed. */
static int tell(void* context, sense_kind kind, const sense_notice* notice) {
  (void)context;
  switch (kind) {
    case sense_registered:
      if (notice->code == 0)
        return say("# subscription ", sense_client_property(notice, "Subscription"));
      return say("# refused: ", notice->reason);
    case sense_arrived:
      printf("%llu%s", (unsigned long long)notice->number, notice->maybe_repeat ? "?" : "");
      return say(": ", notice->data);
    case sense_gap:
      printf("# %llu to %llu", (unsigned long long)notice->number,
             (unsigned long long)notice->last);
      return say(" will not come: ", notice->reason);
    case sense_ended: return say("# ended: ", notice->reason);
    case sense_verify: return 0; /* a subscription of another client is not wanted */
    case sense_answered:
      outcome = notice->code == 0 ? 0 : 1;
      if (outcome == 0) return say("# stored: ", sense_client_property(notice, "Id"));
      fprintf(stderr, "sense_device: not stored: code %u %.*s\n", notice->code,
              (int)notice->reason.size, notice->reason.at ? notice->reason.at : "");
  }
  return 1;
}

/* Begins all tags, so that no peer off the path can answer in the place of the server. */
static int make_prefix(void) {
  unsigned char octets[12];
  size_t i;
  FILE* random = fopen("/dev/urandom", "rb");
  if (!random || fread(octets, sizeof octets, 1, random) != 1) return 0;
  fclose(random);
  for (i = 0; i < sizeof octets; i++) snprintf(prefix + 2 * i, 3, "%02x", octets[i]);
  return 1;
}

static int open_socket(const char* address, const char* port) {
  struct addrinfo hints, *to;
  memset(&hints, 0, sizeof hints);
  hints.ai_socktype = SOCK_DGRAM;
  if (getaddrinfo(address, port, &hints, &to) != 0) return 0;
  s = socket(to->ai_family, SOCK_DGRAM, 0);
  /* Connected: datagrams of other peers are not received. */
  if (s < 0 || connect(s, to->ai_addr, to->ai_addrlen) < 0) return perror(address), 0;
  freeaddrinfo(to);
  return 1;
}

int main(int argc, char** argv) {
  const int publishes = argc > 5 && strcmp(argv[1], "-p") == 0;
  char** where = publishes ? argv + 5 : argv + 1; /* ADDRESS [PORT [TYPE [SOURCE]]], then NULL */
  const char* port = where[0] && where[1] ? where[1] : "7367";
  const char* type = where[0] && where[1] && where[2] ? where[2] : "*";
  const char* source = where[0] && where[1] && where[2] && where[3] ? where[3] : NULL;
  sense_client_options options;
  memset(&options, 0, sizeof options);
  if (argc < 2 || !make_prefix() || !open_socket(where[0], port)) return 2;
  snprintf(registration, sizeof registration, "Period: 600\nType: %.300s\n%s%.300s%s", type,
           source ? "Source: " : "", source ? source : "", source ? "\n" : "");
  options.prefix = prefix;
  options.registration = publishes ? NULL : registration;
  options.ack_delay = 50; /* one ACK for what comes within 50 ms */
  options.out = out;
  options.out_size = sizeof out;
  options.send = send_out;
  options.tell = tell;
  if (!sense_client_init(&client, &options, now())) return 2;
  if (publishes) { /* the Id makes a repeat known as one, also to a server that was restarted */
    const sense_text data = {argv[4], strlen(argv[4])};
    snprintf(lines, sizeof lines, "Type: %.300s\nSource: %.300s\nId: %s-1\n", argv[2], argv[3],
             prefix);
    if (!sense_client_ask(&client, "PUBLISH", lines, data, now())) return 2;
  }
  while (outcome < 0) {
    const uint32_t wait = sense_client_tick(&client, now());
    struct pollfd ready = {0, POLLIN, 0};
    ssize_t size;
    ready.fd = s;
    if (poll(&ready, 1, wait < 60000 ? (int)wait : 60000) <= 0) continue;
    size = recv(s, in, sizeof in, 0);
    if (size > 0) sense_client_receive(&client, in, (size_t)size, now());
  }
  return outcome;
}
