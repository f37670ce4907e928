// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

namespace sense::http {

// One operation of the HTTP interface, as a document for programs shows it. A value of literals.
struct Operation {
  const char* method;      // "GET"
  const char* path;        // {} stands for one segment, the id
  const char* summary;     // one sentence without a full stop
  const char* query = "";  // names, separated by commas
  const char* body = "";   // media types that a request may have, separated by commas; "": no body
  unsigned status = 200;   // when it succeeds
  const char* answer = "application/json";  // its media type then
};

// The document in OpenAPI 3.1 (JSON). Every operation may also answer problem details. Pure.
[[nodiscard]] std::string openapi_document(std::span<const Operation> operations);

}  // namespace sense::http
