// SPDX-License-Identifier: Apache-2.0
// A gateway on one screen (docs/writing-a-gateway.md): callbacks file:/FOLDER/NAME. Each event,
// digest and notice is appended to that file as one line of CloudEvents JSON, and is on stable
// storage before it counts as delivered.
//
// A subscriber may create files directly below the folder, with any name, and append to them. So
// keep nothing else in that folder, and have it on a file system that may fill up.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "core/event/cloudevents_json.hpp"
#include "core/storage/append_line.hpp"
#include "gateways/api/blocking_gateway.hpp"

namespace sense::file {

class FileGateway final : public BlockingGateway {
 public:
  // One thread, so that one attempt at a time writes to a file.
  FileGateway(const std::string& folder, GatewayContext& context)
      : BlockingGateway(context, /*threads=*/1),
        folder_(std::filesystem::path(folder + "/.").parent_path()) {}

 private:
  // One attempt, on the worker thread, which may block. The host repeats what is to be retried.
  Attempt deliver_blocking(const Delivery& delivery) override {
    const auto path = path_of(*delivery.subscription);
    if (path.empty()) return Attempt::rejected(usage_);
    const auto stored = append_line(path, to_cloudevents_json(*delivery.event));
    return stored ? Attempt::delivered() : Attempt::retry(stored.error().message);
  }

  // A callback must have agreed. Here the operator has, for whatever name, by making the folder.
  Verification verify_blocking(const Subscription& subscription, const std::string&) override {
    using Outcome = Verification::Outcome;
    const auto path = path_of(subscription);
    if (path.empty()) return {Outcome::refused, usage_};
    struct stat info {};
    if (::lstat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
      return {Outcome::refused, "this is not a regular file; " + usage_};
    if (::access((folder_ + "/.").c_str(), W_OK) != 0)
      return {Outcome::failed, folder_ + " cannot be written"};
    return {Outcome::verified, {}};
  }

  // Empty unless the callback names a file directly below the folder.
  [[nodiscard]] std::string path_of(const Subscription& subscription) const {
    const std::filesystem::path path(subscription.callback.substr(5));  // behind "file:"
    const auto name = path.filename().string();
    const bool good = path.parent_path() == folder_ && !name.empty() && name.front() != '.';
    return good ? folder_ + "/" + name : "";
  }

  const std::string folder_;
  const std::string usage_ = "callbacks are file:" + folder_ + "/NAME";
};

constexpr Option options[] = {{"folder", OptionType::path, "/var/lib/sense/files",
                               "The folder of the files; it must exist.", 1, 1000}};
constexpr Bounds latency{std::chrono::milliseconds{1}, std::chrono::seconds{1}};
constexpr Scheme schemes[] = {{"file",
                               {.latency = latency,
                                .digest_latency = latency,
                                .acknowledgement = Acknowledgement::relay,
                                .consent = Consent::configuration,
                                .payload_max = Event::data_length_max}}};
constexpr std::uint32_t retry_seconds[] = {1, 5, 30, 300, 3600};

const GatewayDescriptor descriptor = {
    gateway_abi,
    "file",
    "Appends events to files, as lines of JSON.",
    schemes,
    options,
    {retry_seconds, 1},
    [](const Settings& settings, GatewayContext& context) -> Result<std::unique_ptr<Gateway>> {
      return std::make_unique<FileGateway>(settings.text("folder"), context);
    }};

}  // namespace sense::file

SENSE_GATEWAY(sense::file::descriptor)
