// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/http/nginx.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/bench/harness/system_under_test.hpp"
#include "tests/bench/harness/work_folder.hpp"
#include "tests/bench/http/http_clients.hpp"
#include "tests/bench/http/http_service.hpp"

namespace sense::bench {

namespace {

// Debian's is not in everyone's $PATH.
constexpr auto nginx_program = "/usr/sbin/nginx";
constexpr auto nginx_config = "nginx.conf";

}  // namespace

bool Nginx::is_installed() { return std::filesystem::exists(nginx_program); }

Status Nginx::start() {
  const auto port = free_port();
  if (!port) return tl::unexpected(port.error());
  port_ = *port;
  std::ofstream file(nginx_config);
  // Folders are named because the defaults are the system's.
  file << "daemon off; master_process off; error_log nginx.log; pid nginx.pid;\n"
          "events { worker_connections 1024; }\n"
          "http {\n  access_log off; keepalive_requests 1000000000;\n";
  for (const auto* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
    file << "  " << kind << "_temp_path nginx-" << kind << ";\n";
  file << "  server {\n    listen 127.0.0.1:" << port_
       << ";\n    location = /hook { return 204; }\n    location = /count { stub_status; }\n"
          "  }\n}\n";
  if (!file.flush()) return fail(Code::system, std::string(nginx_config) + " cannot be written");
  const auto started =
      start_server(children_, {nginx_program, "-p", std::filesystem::current_path().string(), "-e",
                               "nginx.log", "-c", nginx_config});
  if (!started) return tl::unexpected(started.error());
  Status last;
  for (int i = 0; i < 200; ++i) {
    if (auto good = children_.pause(std::chrono::milliseconds{20}); !good) return good;
    const auto count = answered();
    if (count) return {};
    last = tl::unexpected(count.error());
  }
  return fail(last.error().code, last.error().message + last_words_of_servers());
}

std::string Nginx::hook() const { return "http://127.0.0.1:" + std::to_string(port_) + "/hook"; }

Result<std::uint64_t> Nginx::answered() {
  HttpClients one(port_);
  if (auto good = one.open(1); !good) return tl::unexpected(good.error());
  const auto text = one.ask(request_for("GET", "/count"));
  if (!text) return tl::unexpected(text.error());
  ++asked_;
  // "Active connections: 1 \nserver accepts handled requests\n 3 3 7 \n..."
  const auto at = text->find("requests\n");
  std::uint64_t accepted = 0, handled = 0, requests = 0;
  std::istringstream numbers(at == std::string::npos ? std::string() : text->substr(at + 9));
  if (!(numbers >> accepted >> handled >> requests) || requests < asked_)
    return fail(Code::protoerror, "nginx does not say what it has counted: " + *text);
  return requests - asked_;
}

}  // namespace sense::bench
