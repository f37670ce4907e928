// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/config/yaml.hpp"

// Settings come from option tables: one `constexpr Option table[]` next to the code that reads it.
// Validation, `sense config describe`, the shipped files and the documents all come from the
// tables.
namespace sense {

// A path is text; a relative one counts from the folder of data. duration and size are written with
// a unit: 10s, 64KiB.
enum class OptionType { text, path, integer, boolean, duration, size, list };

// One configuration key. Plain data, so that a plugin's table crosses the module boundary.
struct Option {
  const char* key;  // "max-period": lower case, hyphens
  OptionType type;
  const char* fallback;  // the default as written in YAML; list: entries separated by commas
  const char* help;      // one sentence
  // Bounds: the number for integer; seconds for duration; octets for size; entries for list;
  // octets for text. Both 0: the type's own (text 0-1024 octets, list 0-1000 entries, others any).
  std::int64_t min = 0;
  std::int64_t max = 0;
  // A former name of the key, which is still read; null: there is none. Never the key of another
  // option of the table.
  const char* old_key = nullptr;
  // The value, or what it names, is for this process alone: no client is shown it.
  bool secret = false;
  // What is wrong with a value, beyond type and bounds: called for what a file sets, unless it is
  // empty, and for each entry of a list. It may read files, and changes nothing. Null: nothing is.
  Status (*check)(const std::string& value) = nullptr;

  // The option with that check.
  [[nodiscard]] constexpr Option checked(Status (*function)(const std::string&)) const {
    auto option = *this;
    option.check = function;
    return option;
  }
};

// A check that a value can be parsed: checked_by<parse_listen>.
template <auto parse>
[[nodiscard]] Status checked_by(const std::string& value) {
  if (auto parsed = parse(value); !parsed) return tl::unexpected(parsed.error());
  return {};
}
// A check that a file can be read.
[[nodiscard]] Status check_readable(const std::string& path);
// A check that there is a folder, or that there is nothing yet.
[[nodiscard]] Status check_folder(const std::string& path);

// A sentence with the key that it is about at its beginning, unless that stands there.
[[nodiscard]] std::string about_key(std::string_view key, const std::string& sentence);

// All that is wrong with a file, in the order in which it is found; each says file, line and key.
using Mistakes = std::vector<Error>;

// The validated values of one table. A value; copying is meant for start-up only.
class Settings {
 public:
  // Every key of the table at its default. REQUIRES: the defaults are valid (a test holds it).
  [[nodiscard]] static Settings defaults(std::span<const Option> table);

  // REQUIRES for all getters: the key is in the table and has that type.
  [[nodiscard]] const std::string& text(std::string_view key) const;  // or path
  [[nodiscard]] std::int64_t integer(std::string_view key) const;
  [[nodiscard]] bool boolean(std::string_view key) const;
  [[nodiscard]] Duration duration(std::string_view key) const;
  [[nodiscard]] std::int64_t size(std::string_view key) const;  // octets
  [[nodiscard]] const std::vector<std::string>& list(std::string_view key) const;

  // The value of an option of the table, in YAML.
  [[nodiscard]] std::string yaml_of(const Option& option) const;
  // The values in YAML, in the order of the table and without those of secret options: for clients
  // that ask for the parameters.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> shown() const;

  // One sentence for each key that the file gives by its former name, with file, line and the name
  // to use instead. The program that uses the settings logs them, once its log is configured.
  [[nodiscard]] const std::vector<std::string>& renamed() const { return renamed_; }
  void note_renamed(std::string sentence) { renamed_.push_back(std::move(sentence)); }

  // Checks a value against its option and stores it. For the loader and for tests.
  [[nodiscard]] Status set(std::string_view key, std::string_view value);
  [[nodiscard]] Status set_list(std::string_view key, std::vector<std::string> values);
  // Makes every relative path absolute.
  void resolve_paths(const std::string& folder);

 private:
  using Held = std::variant<std::string, std::int64_t, bool, Duration, std::vector<std::string>>;
  [[nodiscard]] const Option* find(std::string_view key) const;
  [[nodiscard]] const Held& held(std::string_view key) const;

  std::span<const Option> table_;
  std::map<std::string, Held, std::less<>> values_;
  std::vector<std::string> renamed_;
};

// The settings in a YAML mapping, with relative paths made absolute from `folder`, unless that is
// empty. Each mistake is added, and the option with the mistake is at its default. An unknown key
// is one that names the nearest known key, and so are the present and the former name of one option
// together. `extra` are keys of the mapping that another table has.
[[nodiscard]] Settings read_settings(const YamlNode& mapping, std::span<const Option> table,
                                     std::span<const std::string_view> extra,
                                     const std::string& folder, Mistakes& mistakes);
// The same for a mapping without paths, with the first mistake as the error.
[[nodiscard]] Result<Settings> read_settings(const YamlNode& mapping, std::span<const Option> table,
                                             std::span<const std::string_view> extra = {});

// The table as commented YAML, every key at its default, indented by `indent` spaces.
[[nodiscard]] std::string describe(std::span<const Option> table, unsigned indent);

}  // namespace sense
