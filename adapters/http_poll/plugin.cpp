// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "adapters/http_poll/poller.hpp"
#include "adapters/http_poll/secret_headers.hpp"

namespace sense::http_poll {

namespace {

Status check_resource(const std::string& entry) {
  const auto resource = parse_resource(entry, {});
  if (!resource) return tl::unexpected(resource.error());
  if (const auto headers = read_headers(*resource); !headers)
    return tl::unexpected(headers.error());
  return {};
}

constexpr Option options_table[] = {
    Option{"resources", OptionType::list, "",
           "What is polled, one resource an entry: its URL, and behind it, as far as it is not as "
           "usual, interval=, type=, source=, subject=, pointer= (a JSON pointer to the part that "
           "is compared and sent), and headers= and token= with files that are sent.",
           0, 1000, nullptr, /*secret=*/true}
        .checked(check_resource),
    Option{"interval", OptionType::duration, "1min",
           "Time from an answer to the next request, of a resource that names none.", 1, 86'400},
    Option{"min-poll", OptionType::duration, "5s",
           "Lower bound of that time: no resource is asked again sooner.", 1, 86'400},
    Option{"max-poll", OptionType::duration, "1h",
           "Upper bound of that time: neither Cache-Control nor Retry-After nor failures make it "
           "longer.",
           1, 86'400},
    Option{"type", OptionType::text, "{urn:example:http}resource",
           "The type of the events of a resource that names none.", 1, 1000}
        .checked(checked_by<QName::parse>),
    Option{"body-max", OptionType::size, "1MiB",
           "The longest content that is read; a longer one is compared by its validators alone.",
           1024, std::int64_t{16} * 1024 * 1024},
    Option{"data-max", OptionType::size, "256KiB",
           "The longest content in an event; instead of a longer one the event names the URL.", 0,
           Event::data_length_max},
    Option{"requests-max", OptionType::integer, "16", "Requests under way at once.", 1, 256},
    Option{"requests-per-server-max", OptionType::integer, "2",
           "Requests under way at once to one server.", 1, 64},
    Option{"connect-timeout", OptionType::duration, "5s", "Time to connect to a server.", 1, 300},
    Option{"timeout", OptionType::duration, "30s", "Time for one whole request.", 1, 300},
    Option{"ca-file", OptionType::path, "",
           "Certificates (PEM) to trust in servers instead of the system's; empty: the system's."}
        .checked(check_readable),
    Option{"endpoints", OptionType::list, "",
           "TLS of some servers: HOST, *.DOMAIN for all below it, with ca=FILE to trust instead of "
           "ca-file, and cert=FILE key=FILE to show; the first that fits counts.",
           0, 1000, nullptr, /*secret=*/true}
        .checked(checked_by<read_endpoint_tls>),
    Option{"proxy", OptionType::text, "",
           "Forward proxy, http://host:port, that servers are asked through (CONNECT); it must "
           "itself refuse names of internal addresses. Empty: none.",
           0, 255}
        .checked(check_proxy),
};

Status read_bounds(const Settings& settings, PollerOptions& read) {
  read.bounds = {settings.duration("min-poll"), settings.duration("max-poll")};
  if (read.bounds.min > read.bounds.max)
    return fail(Code::badparam, "min-poll: it is longer than max-poll");
  const auto interval = settings.duration("interval");
  if (interval < read.bounds.min || interval > read.bounds.max)
    return fail(Code::badparam, "interval: it is not between min-poll and max-poll");
  return {};
}

Status read_resources(const Settings& settings, PollerOptions& read) {
  const auto type = QName::parse(settings.text("type"));
  if (!type) return fail(Code::badparam, "type: " + type.error().message);
  const ResourceDefaults defaults{settings.duration("interval"), *type};
  std::vector<std::string> keys;
  for (const auto& entry : settings.list("resources")) {
    auto resource = parse_resource(entry, defaults);
    if (!resource) return fail(Code::badparam, "resources: " + resource.error().message);
    if (resource->interval < read.bounds.min || resource->interval > read.bounds.max)
      return fail(Code::badparam, "resources: the interval of " + resource->source +
                                      " is not between min-poll and max-poll");
    keys.push_back(resource->key());
    read.resources.push_back(std::move(*resource));
  }
  std::sort(keys.begin(), keys.end());
  if (std::adjacent_find(keys.begin(), keys.end()) != keys.end())
    return fail(Code::badparam, "resources: one URL is there twice with the same pointer");
  return {};
}

Status read_transfer(const Settings& settings, TransferOptions& transfer) {
  transfer.connect_timeout = settings.duration("connect-timeout");
  transfer.total_timeout = settings.duration("timeout");
  transfer.body_max = static_cast<std::size_t>(settings.size("body-max"));
  transfer.ca_file = settings.text("ca-file");
  transfer.proxy = settings.text("proxy");
  for (const auto& entry : settings.list("endpoints")) {
    auto tls = read_endpoint_tls(entry);
    if (!tls) return fail(tls.error().code, "endpoints: " + tls.error().message);
    transfer.endpoints.push_back(std::move(*tls));
  }
  return {};
}

Result<PollerOptions> read_options(const Settings& settings) {
  PollerOptions read;
  if (auto good = read_bounds(settings, read); !good) return tl::unexpected(good.error());
  if (auto good = read_resources(settings, read); !good) return tl::unexpected(good.error());
  if (auto good = read_transfer(settings, read.transfer); !good)
    return tl::unexpected(good.error());
  read.limits = {static_cast<std::size_t>(settings.integer("requests-max")),
                 static_cast<std::size_t>(settings.integer("requests-per-server-max"))};
  read.data_max = static_cast<std::size_t>(settings.size("data-max"));
  return read;
}

Result<std::vector<std::string>> check(const Settings& settings) {
  if (const auto read = read_options(settings); !read) return tl::unexpected(read.error());
  return std::vector<std::string>();  // listens nowhere
}

Result<std::unique_ptr<Adapter>> create(const Settings& settings, AdapterContext& context) {
  auto options = read_options(settings);
  if (!options) return tl::unexpected(options.error());
  return make_poller(std::move(*options), context);
}

const AdapterDescriptor descriptor = {
    adapter_abi,   "http-poll", "Resources that can only be polled by HTTP become events.",
    options_table, &create,     &check};

}  // namespace

}  // namespace sense::http_poll

SENSE_ADAPTER(sense::http_poll::descriptor)
