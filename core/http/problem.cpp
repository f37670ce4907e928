// SPDX-License-Identifier: Apache-2.0
#include "core/http/problem.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "core/base/json.hpp"

namespace sense::http {

namespace {

// docs/http-gateway.md shows this table; by number of the code.
constexpr std::array<unsigned, code_max + 1> statuses = {
    200,  // NOERROR
    502,  // ADDRNOTAVAIL
    409,  // BADCONTEXT
    400,  // BADPARAM
    410,  // CALLBACKSTOP
    502,  // COMMERROR
    413,  // DATATOOBIG
    500,  // INTERNALERROR
    503,  // INTERRUPTED
    403,  // NOACCESS
    404,  // NOITERATOR
    503,  // NOMEMORY
    503,  // NOMOREROOM
    404,  // NONEXT
    503,  // NOSERVER
    404,  // NOTFOUND
    500,  // SYSTEM
    504,  // TIMEOUT
    400,  // VARNAMETOOBIG
    400,  // VARNOTFOUND
    400,  // VARVALTOOBIG
    400,  // PROTOERROR
    409,  // DUPLICATE
    501,  // NOTYETIMPLEMENTED
};

const char* title_of(unsigned status) {
  switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 421: return "Misdirected Request";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Internal Server Error";
  }
}

constexpr std::array<std::pair<const char*, const char*>, 4> security_fields = {{
    {"X-Content-Type-Options", "nosniff"},
    {"Strict-Transport-Security", "max-age=31536000"},
    {"Referrer-Policy", "no-referrer"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
}};

}  // namespace

std::span<const std::pair<const char*, const char*>> security_headers(bool tls) {
  const std::span all(security_fields);
  return tls ? all : all.first(1);
}

unsigned status_of(Code code) { return statuses[static_cast<std::size_t>(code)]; }

Response problem(const Error& error) { return problem(status_of(error.code), error); }

Response problem(unsigned status, const Error& error) {
  nlohmann::ordered_json body;
  body["type"] = "about:blank";
  body["title"] = title_of(status);
  body["status"] = status;
  body["detail"] = error.message;
  body["code"] = static_cast<unsigned>(error.code);
  body["symbol"] = symbol(error.code);
  if (!error.field.empty()) body["field"] = error.field;
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = json_text(body) + "\n";
  response.headers.emplace_back("Content-Language", "en");
  if (status == 503) response.headers.emplace_back("Retry-After", "5");
  return response;
}

}  // namespace sense::http
