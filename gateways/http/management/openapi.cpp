// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/management/openapi.hpp"

#include <nlohmann/json.hpp>

#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace sense::http {

namespace {

using Document = nlohmann::ordered_json;

// "GET /v1/subscriptions/{}/events" has the operationId "get-subscriptions-id-events".
std::string operation_id(const Operation& operation) {
  auto id = lower(operation.method);
  for (const auto segment : split(operation.path, '/')) {
    if (segment.empty() || segment == "v1") continue;
    id += "-";
    for (const char c : segment == "{}" ? std::string_view("id") : segment)
      id += c == '.' ? '-' : c;
  }
  return id;
}

std::string path_of(const Operation& operation) {
  std::string path = operation.path;
  if (const auto at = path.find("{}"); at != std::string::npos) path.replace(at, 2, "{id}");
  return path;
}

Document parameters_of(const Operation& operation) {
  auto parameters = Document::array();
  if (std::string_view(operation.path).find("{}") != std::string_view::npos)
    parameters.push_back(
        {{"name", "id"}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}});
  for (const auto name : split(operation.query, ','))
    if (!name.empty())
      parameters.push_back({{"name", name}, {"in", "query"}, {"schema", {{"type", "string"}}}});
  return parameters;
}

// An object with that member: nlohmann takes a list of pairs for one, and a single pair for a list.
Document object_of(std::string_view name, Document value) {
  auto object = Document::object();
  object[std::string(name)] = std::move(value);
  return object;
}

Document document_of(const Operation& operation) {
  Document document;
  document["operationId"] = operation_id(operation);
  document["summary"] = operation.summary;
  if (auto parameters = parameters_of(operation); !parameters.empty())
    document["parameters"] = std::move(parameters);
  auto content = Document::object();
  for (const auto type : split(operation.body, ','))
    if (!type.empty()) content[std::string(type)] = Document::object();
  if (!content.empty()) document["requestBody"] = object_of("content", std::move(content));
  auto& responses = document["responses"];
  auto& success = responses[std::to_string(operation.status)];
  success["description"] = "It succeeded";
  success["content"] = object_of(operation.answer, Document::object());
  responses["default"]["$ref"] = "#/components/responses/Problem";
  return document;
}

Document problem_schema() {
  const auto of_type = [](const char* type) { return object_of("type", type); };
  Document schema = of_type("object");
  auto& members = schema["properties"];
  for (const auto* name : {"type", "title", "detail", "symbol", "field"})
    members[name] = of_type("string");
  for (const auto* name : {"status", "code"}) members[name] = of_type("integer");
  schema["required"] = {"type", "title", "status", "detail", "code", "symbol"};
  return schema;
}

}  // namespace

std::string openapi_document(std::span<const Operation> operations) {
  Document document;
  document["openapi"] = "3.1.0";
  document["info"] = {
      {"title", "SENSE"}, {"summary", "Events and subscriptions over HTTP"}, {"version", "1"}};
  document["security"] = {object_of("token", Document::array()), Document::object()};
  auto& paths = document["paths"];
  for (const auto& operation : operations)
    paths[path_of(operation)][lower(operation.method)] = document_of(operation);
  auto& components = document["components"];
  components["securitySchemes"]["token"] = {{"type", "http"}, {"scheme", "bearer"}};
  components["schemas"]["Problem"] = problem_schema();
  auto& problem = components["responses"]["Problem"];
  problem["description"] = "Problem details (RFC 9457), with a code of SENSE";
  problem["content"]["application/problem+json"]["schema"]["$ref"] = "#/components/schemas/Problem";
  return json_text(document);
}

}  // namespace sense::http
