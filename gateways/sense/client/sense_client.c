// SPDX-License-Identifier: Apache-2.0
#include "sense_client.h"
#include <stdarg.h>
enum { no_access = 9, not_found = 15, timed_out = 17, proto_error = 21 }; /* codes */
enum { tries_max = 8, refused_pause = 32000, seconds_max = 2000000, late = 64 };
enum { ours, asked, ack, renew, expire, dues }; /* of due[]; the first two also of request[] */
typedef struct {
  char* at;
  size_t size, used; /* what does not fit is counted, and not written */
} writer;

static sense_text text_of(const char* zero_ended) {
  sense_text text = {zero_ended, 0};
  while (zero_ended && zero_ended[text.size]) text.size++;
  return text;
}
static char small(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c; }
static int is(sense_text text, const char* other) {
  for (; text.size && *other && small(*text.at) == small(*other); text.at++, text.size--) other++;
  return !text.size && !*other;
}
static void put_octet(writer* w, char octet) {
  if (w->used < w->size) w->at[w->used] = octet;
  w->used++;
}
static void put_text(writer* w, sense_text text) {
  for (; text.size; text.size--) put_octet(w, *text.at++);
}
/* Without a division: for 64 bits, small machines have it in a library only. */
static void put_number(writer* w, uint64_t number) {
  int zeros, i, begun = 0;
  for (zeros = 19; zeros >= 0; zeros--) {
    uint64_t power = 1;
    char digit = '0';
    for (i = 0; i < zeros; i++) power *= 10;
    for (; number >= power; number -= power) digit++;
    begun = begun || digit != '0' || zeros == 0;
    if (begun) put_octet(w, digit);
  }
}
/* %s: up to a zero octet. %t: sense_text. %n: uint64_t. */
static void put(writer* w, const char* format, ...) {
  va_list more;
  va_start(more, format);
  for (; *format; format++)
    if (*format != '%')
      put_octet(w, *format);
    else if (*++format == 's')
      put_text(w, text_of(va_arg(more, const char*)));
    else if (*format == 't')
      put_text(w, va_arg(more, sense_text));
    else
      put_number(w, va_arg(more, uint64_t));
  va_end(more);
}
static int keep(char* to, sense_text text) {
  writer w = {to, SENSE_CLIENT_ID_MAX, 0};
  if (text.size == 0 || text.size > w.size) return 0;
  put_text(&w, text);
  to[text.size] = 0;
  return 1;
}
static writer begin(const sense_client* c, const char* kind, uint32_t tag) {
  writer w = {c->options->out, c->options->out_size, 0};
  put(&w, "SENSE/1 %s %s%n\n", kind, c->options->prefix, (uint64_t)tag);
  return w;
}
static void finish(const sense_client* c, writer* w, sense_text data) {
  const sense_client_options* o = c->options;
  if (o->seal && w->used + 160 < w->size) w->used += o->seal(o->context, w->at, w->used, data);
  put(w, "\n%t", data);
  if (w->used <= w->size) o->send(o->context, w->at, w->used);
}
static int fits(const sense_client_options* o, const char* lines, size_t size) {
  return text_of(lines).size + size + (o->seal ? 400 : 240) <= o->out_size;
}

/* What is before the first `end`; both are taken away. */
static sense_text take(sense_text* rest, char end) {
  sense_text word = {rest->at, 0};
  while (word.size < rest->size && word.at[word.size] != end) word.size++;
  rest->at += word.size + (word.size < rest->size);
  rest->size -= word.size + (word.size < rest->size);
  if (end == '\n' && word.size && word.at[word.size - 1] == '\r') word.size--;
  return word;
}
static int read_number(sense_text text, uint64_t* number) {
  for (*number = 0; text.size; text.at++, text.size--) { /* no text is 0 */
    const unsigned digit = (unsigned)*text.at - '0';
    if (digit > 9 || *number > UINT64_MAX / 10 || *number * 10 > UINT64_MAX - digit) return 0;
    *number = *number * 10 + digit;
  }
  return 1;
}
sense_text sense_client_property(const sense_notice* notice, const char* name) {
  sense_text rest = notice->properties;
  while (rest.size) {
    sense_text line = take(&rest, '\n');
    if (is(take(&line, ':'), name) && is(take(&line, ' '), "")) return line;
  }
  return text_of(NULL);
}
/* Answers whether that is a whole message of SENSE/1. */
static int read_message(sense_text rest, sense_notice* n, sense_text* kind, sense_text* tag) {
  sense_text line = take(&rest, '\n'), code;
  uint64_t number;
  if (!is(take(&line, ' '), "SENSE/1")) return 0;
  *kind = take(&line, ' ');
  *tag = take(&line, ' ');
  code = take(&line, ' ');
  if (!read_number(code, &number) || number > 99 || is(*kind, "REPLY") != (code.size > 0)) return 0;
  n->code = (unsigned)number;
  n->properties = rest;
  for (line.size = 1; rest.size && line.size;) line = take(&rest, '\n');
  if (line.size) return 0;
  n->properties.size -= rest.size;
  n->data = rest;
  n->reason = sense_client_property(n, "Reason");
  if (!read_number(sense_client_property(n, "Length"), &number)) return 0;
  return rest.size == (is(sense_client_property(n, "Truncated"), "yes") ? 0 : number);
}

/* Numbers: a bit for each of the last ones, in a ring. */
int sense_client_has(const sense_client* c, uint64_t n) {
  return n <= c->top && c->top - n < SENSE_CLIENT_NUMBERS &&
         c->come[n / 8 % sizeof c->come] >> n % 8 & 1;
}
static void mark(sense_client* c, uint64_t first, uint64_t last) {
  uint64_t n;
  for (n = last; n > c->top && last - n < SENSE_CLIENT_NUMBERS; n--)
    c->come[n / 8 % sizeof c->come] &= (uint8_t) ~(1U << n % 8);
  if (last > c->top) c->top = last;
  for (n = last; n >= first && c->top - n < SENSE_CLIENT_NUMBERS; n--)
    c->come[n / 8 % sizeof c->come] |= (uint8_t)(1U << n % 8);
}
/* These, and all that have come from n on downwards. */
static void acknowledge(sense_client* c, uint64_t first, uint64_t last, uint64_t n) {
  writer w = begin(c, "ACK", ++c->tags);
  put(&w, "Subscription: %s\nNumber: %n", c->id, first);
  if (first != last) put(&w, "-%n", last);
  for (; n && c->top - n < SENSE_CLIENT_NUMBERS && w.used + 240 < w.size; n--) {
    if (!sense_client_has(c, n)) continue;
    for (last = n; n > 1 && sense_client_has(c, n - 1);) n--;
    put(&w, n == last ? ",%n" : ",%n-%n", n, last);
  }
  put(&w, "\n");
  finish(c, &w, text_of(NULL));
}

/* Without a kind: again. A first registration without an answer is still the same one later. */
static void ask(sense_client* c, int which, const char* kind, const char* lines, uint32_t now) {
  struct sense_client_request* r = &c->request[which];
  if (kind) {
    r->kind = kind;
    r->lines = lines;
    if (which == asked || r->tries < tries_max) r->tag = ++c->tags;
    r->tries = 0;
  }
  writer w = begin(c, r->kind, r->tag);
  put(&w, "%s", r->lines);
  if (which == ours && c->id[0]) put(&w, "Subscription: %s\n", c->id);
  if (c->cookie[0]) put(&w, "Cookie: %s\n", c->cookie);
  if (r->data.size) put(&w, "Length: %n\n", (uint64_t)r->data.size);
  c->due[which] = (now + (1000U << (r->tries < 5 ? r->tries : 5))) | 1; /* 0 is never */
  r->tries++;
  finish(c, &w, r->data);
}
static void end(sense_client* c, sense_notice* n, const char* reason, uint32_t now) {
  c->due[ours] = c->due[ack] = c->due[expire] = 0;
  c->due[renew] = c->wanted ? (now - 1) | 1 : 0;
  c->request[ours].kind = "";
  c->id[0] = 0;
  c->top = 0;
  if (reason) n->reason = text_of(reason);
  c->options->tell(c->options->context, sense_ended, n);
}
void sense_client_cancel(sense_client* c, uint32_t now) {
  c->wanted = 0; /* a first REGISTER is left to be answered: only then is it known what to cancel */
  if (c->id[0] && *c->request[ours].kind != 'C') ask(c, ours, "CANCEL", "", now);
}
/* A request is over: with a reply, or a code of our own. */
static void conclude(sense_client* c, int which, sense_notice* n, uint32_t now) {
  const char kind = *c->request[which].kind;
  uint64_t seconds;
  c->request[which].kind = "";
  c->due[which] = 0;
  if (n->properties.at || c->id[0]) c->request[which].tries = 0;
  if (which == asked) {
    c->options->tell(c->options->context, sense_answered, n);
  } else if (kind == 'C' || (n->code == not_found && c->id[0])) {
    end(c, n, kind == 'C' ? "cancelled" : "lost", now);
  } else {
    c->due[renew] = (now + refused_pause) | 1;
    if (n->code == 0 && read_number(sense_client_property(n, "Period"), &seconds) && seconds &&
        keep(c->id, sense_client_property(n, "Subscription"))) {
      if (seconds > seconds_max) seconds = seconds_max;
      c->due[renew] = (now + 500 * (uint32_t)seconds) | 1;
      c->due[expire] = (now + 1000 * (uint32_t)seconds) | 1;
    } else if (n->code == 0) {
      n->code = proto_error;
    }
    c->options->tell(c->options->context, sense_registered, n);
    if (!c->wanted) sense_client_cancel(c, now); /* meanwhile */
  }
}

/* These answer whether there was something to do. */
static int on_reply(sense_client* c, sense_notice* n, sense_text tag, uint32_t now) {
  char own[64];
  int i;
  for (i = ours; i <= asked; i++) {
    struct sense_client_request* r = &c->request[i];
    const int list = i == asked && !is(text_of(r->kind), "PUBLISH"); /* first comes without data */
    writer w = {own, sizeof own, 0};
    put(&w, "%s%n", c->options->prefix, (uint64_t)r->tag);
    own[w.used] = 0;
    if (!*r->kind || !is(tag, own)) continue;
    if (keep(c->cookie, sense_client_property(n, "Cookie")) && r->tries < tries_max &&
        (n->code == no_access || (list && n->code == 0 && n->data.size == 0))) {
      r->tag = ++c->tags; /* the old one would get the old reply */
      ask(c, i, NULL, NULL, now);
    } else {
      conclude(c, i, n, now);
    }
    return 1;
  }
  return 0;
}
static int on_numbers(sense_client* c, sense_notice* n, int gap, uint32_t now) {
  const sense_text first = sense_client_property(n, gap ? "From" : "Number");
  const sense_text last = sense_client_property(n, gap ? "To" : "Last");
  uint64_t old;
  if (!read_number(first, &n->number) || !read_number(last.at ? last : first, &n->last) ||
      n->number == 0 || n->last < n->number)
    return 0;
  for (old = n->last; old >= n->number && sense_client_has(c, old);) old--;
  n->maybe_repeat = n->number <= c->top && c->top - n->number >= SENSE_CLIENT_NUMBERS;
  if (old < n->number)
    c->repeats++;
  else if (!c->options->tell(c->options->context, gap ? sense_gap : sense_arrived, n) && !gap)
    return 1;
  mark(c, n->number, n->last);
  if (c->options->ack_delay == 0 || c->top - n->number >= late)
    acknowledge(c, n->number, n->last, 0);
  else if (c->due[ack] == 0)
    c->due[ack] = (now + c->options->ack_delay) | 1;
  return 1;
}
static int on_told(sense_client* c, sense_notice* n, sense_text kind, uint32_t now) {
  const sense_text id = sense_client_property(n, "Subscription");
  const int known = id.size && is(id, c->id), ended = is(kind, "ENDED");
  if (is(kind, "EVENT") || is(kind, "GAP")) return known && on_numbers(c, n, is(kind, "GAP"), now);
  if (id.size == 0 || (!ended && !is(kind, "VERIFY"))) return 0;
  if (ended && known) {
    if (is(n->reason, "cancelled") || is(n->reason, "revoked")) c->wanted = 0;
    end(c, n, NULL, now);
  }
  if (!ended && !known &&
      (c->wanted || c->id[0] || !c->options->tell(c->options->context, sense_verify, n) ||
       !keep(c->id, id)))
    return 0;
  writer w = begin(c, "ACK", ++c->tags);
  put(&w, "Subscription: %t\n", id);
  if (!ended) put(&w, "Challenge: %t\n", sense_client_property(n, "Challenge"));
  finish(c, &w, text_of(NULL));
  return 1;
}

int sense_client_init(sense_client* c, const sense_client_options* o, uint32_t now) {
  size_t i, length = text_of(o->prefix).size;
  for (i = 0; i < sizeof *c; i++) ((volatile char*)c)[i] = 0; /* volatile: or it calls memset */
  c->options = o;
  c->wanted = o->registration != NULL;
  c->request[ours].kind = c->request[asked].kind = "";
  c->due[renew] = c->wanted ? (now - 1) | 1 : 0;
  return length > 0 && length <= 40 && fits(o, o->registration, 0);
}
int sense_client_ask(sense_client* c, const char* kind, const char* lines, sense_text data,
                     uint32_t now) {
  if (*c->request[asked].kind || !fits(c->options, lines, data.size)) return 0;
  c->request[asked].data = data;
  ask(c, asked, kind, lines, now);
  return 1;
}
void sense_client_receive(sense_client* c, const void* octets, size_t size, uint32_t now) {
  const sense_text all = {octets, size};
  sense_notice n = {0};
  sense_text kind, tag;
  if (size == 0 || !read_message(all, &n, &kind, &tag) ||
      !(is(kind, "REPLY") ? on_reply(c, &n, tag, now) : on_told(c, &n, kind, now)))
    c->ignored++;
}
uint32_t sense_client_tick(sense_client* c, uint32_t now) {
  uint32_t least = UINT32_MAX;
  int i;
  for (i = 0; i < dues; i++) {
    sense_notice n = {.code = i <= asked ? timed_out : 0};
    if (c->due[i] == 0 || now - c->due[i] > UINT32_MAX / 2) continue;
    c->due[i] = 0;
    if (i == ack) acknowledge(c, c->top, c->top, c->top - 1);
    if (i == renew && c->wanted && !*c->request[ours].kind)
      ask(c, ours, "REGISTER", c->options->registration, now);
    if (i == expire) end(c, &n, "expired", now);
    if (i <= asked && c->request[i].tries < tries_max)
      ask(c, i, NULL, NULL, now);
    else if (i <= asked)
      conclude(c, i, &n, now);
  }
  for (i = 0; i < dues; i++)
    if (c->due[i] && c->due[i] - now < least) least = c->due[i] - now;
  return least;
}
