// SPDX-License-Identifier: Apache-2.0
#pragma once
/* A SENSE/1 client (docs/sense-protocol.md) for machines without an operating system: two files of
   C99, no heap, library, socket or clock. It keeps one subscription, hands each event over before
   it acknowledges it, and publishes. Use: docs/examples/sense_device.c. Wait for a datagram, at
   most as long as sense_client_tick() said; give it to sense_client_receive(); always tick again.

   The caller owns socket, buffers and clock. The socket takes datagrams of the server only; `now`
   is milliseconds since any moment, and may begin again at 2^32. Not thread-safe. Callbacks may
   call all but receive and tick. Nothing but datagram, output buffer and client is touched. */
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
/* How far back it is known which numbers have come: a bit for each; a power of two from 64 on. */
#define SENSE_CLIENT_NUMBERS 1024
#define SENSE_CLIENT_ID_MAX 64 /* octets of a subscription's id, and of a cookie */

typedef struct {
  const char* at; /* no zero octet at its end; NULL: absent */
  size_t size;
} sense_text;

typedef enum {
  sense_registered, /* or renewed. With a code: refused; tried again after 32 s unless cancelled */
  sense_arrived,    /* an event; answer 0: not dealt with, shall come again */
  sense_gap,        /* `number` to `last` will never come */
  sense_ended,      /* or "expired", "lost", "cancelled"; made anew unless cancelled or revoked */
  sense_verify,     /* another client wants events to come here; answer 0: refused */
  sense_answered    /* what sense_client_ask() asked */
} sense_kind;

typedef struct {         /* what happened; texts are good until the callback returns */
  unsigned code;         /* of a reply: 0 no error; 17 also: no answer after eight tries */
  unsigned maybe_repeat; /* so late that it is not known any more whether it came before */
  uint64_t number, last; /* of an event (a digest has several) or a gap */
  sense_text reason, data, properties;
} sense_notice;

typedef struct {
  const char* prefix; /* of all tags: 1 to 40 letters and digits, unguessable, new at every start */
  /* Properties of REGISTER, as lines: "Period: 600\nType: {urn:example}*\n". NULL: does not. */
  const char* registration;
  uint32_t ack_delay; /* milliseconds that acknowledgements may wait to travel together */
  char* out;          /* where datagrams are made; servers take at most 1,200 octets by default */
  size_t out_size;    /* at least 240 (400 with `seal`) more than registration, lines and data */
  void* context;      /* for the callbacks */
  void (*send)(void* context, const void* octets, size_t size);
  int (*tell)(void* context, sense_kind kind, const sense_notice* notice);
  /* NULL, or for keyed messages (rule 6): writes the lines Time, Key and Mac behind the `used`
     octets at `head`, at most 160 octets. Answers how many. LF and `data` follow. */
  size_t (*seal)(void* context, char* head, size_t used, sense_text data);
} sense_client_options;

/* To be read: id ("": no subscription), top (number), repeats (not told), ignored (datagrams). */
typedef struct {
  const sense_client_options* options;
  struct sense_client_request {
    const char *kind, *lines; /* kind "": none is under way */
    sense_text data;
    uint32_t tag, tries;
  } request[2]; /* for the subscription; what the caller asks */
  uint32_t due[5], tags, wanted, repeats, ignored;
  char id[SENSE_CLIENT_ID_MAX + 1], cookie[SENSE_CLIENT_ID_MAX + 1];
  uint8_t come[SENSE_CLIENT_NUMBERS / 8];
  uint64_t top;
} sense_client;

/* `options` and all they name must outlive the client. 0: prefix or out_size are not as above. */
int sense_client_init(sense_client* client, const sense_client_options* options, uint32_t now);
void sense_client_cancel(sense_client* client, uint32_t now);
/* PUBLISH, PARAMETERS (the ping) or SOURCES; `lines`: its properties. With an Id, also a restarted
   server recognises a repeated PUBLISH. Texts stay until sense_answered. 0: busy, or no room. */
int sense_client_ask(sense_client* client, const char* kind, const char* lines, sense_text data,
                     uint32_t now);
void sense_client_receive(sense_client* client, const void* octets, size_t size, uint32_t now);
/* Does what is due. Answers in how many milliseconds more will be; UINT32_MAX: nothing. */
uint32_t sense_client_tick(sense_client* client, uint32_t now);
/* Whether it has come, of the last numbers up to `top`. If not, the server goes on trying. */
int sense_client_has(const sense_client* client, uint64_t number);
/* The first property of that name, in any case, as it is on the wire. */
sense_text sense_client_property(const sense_notice* notice, const char* name);
#ifdef __cplusplus
}
#endif
