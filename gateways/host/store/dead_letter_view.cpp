// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/store/dead_letter_view.hpp"

#include <filesystem>

namespace sense {

Result<DeadLetterView> DeadLetterView::open(const std::string& folder) {
  const auto path = folder + "/gateway.db";
  std::error_code code;
  if (!std::filesystem::exists(path, code))
    return fail(Code::notfound,
                "there is no store of a gateway in " + folder +
                    (code ? " (" + code.message() + ")" : std::string()) +
                    ": it is made when the gateway runs for the first time; name the folder with "
                    "--data, or the configuration with --config");
  auto opened = Database::open_read_only(path);
  if (!opened) return tl::unexpected(opened.error());
  auto database = std::make_unique<Database>(std::move(*opened));
  auto select =
      database->prepare("SELECT 1 FROM sqlite_master WHERE type='table' AND name='dead_letter'");
  if (!select) return tl::unexpected(select.error());
  const auto row = select->step();
  if (!row) return tl::unexpected(row.error());
  if (!*row) return fail(Code::badparam, path + " is no gateway's store: it has no dead letters");
  return DeadLetterView(std::move(database));
}

}  // namespace sense
