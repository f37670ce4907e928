#include "core/bus/keys.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "core/base/text.hpp"
#include "core/config/settings.hpp"

namespace sense {

namespace {

constexpr std::size_t file_length_max = 4096;
constexpr std::array<Option, 3> members = {{
    {"name", OptionType::text, "", "Whose key this is.", 0, 64},
    {"public", OptionType::text, "", "What the other side may know.", 0, 64},
    {"secret", OptionType::text, "", "What nobody else may know.", 0, 64},
}};

using Key = std::array<char, key_length + 1>;

std::string reason_of(int error) { return std::generic_category().message(error); }

std::string how_to_make_one(const std::string& path) {
  return "make one with `sense keys new NAME --file " + printable(path) + "`";
}

// A descriptor that is closed on every way out.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

// The permissions are those of the file that is read, not of what the path names later.
Status check_owner(const struct stat& found, const std::string& path) {
  const std::string shown = "the key file " + printable(path);
  if (found.st_uid != ::geteuid() && found.st_uid != 0)
    return fail(Code::noaccess, shown + " belongs to another user, who knows the secret in it: " +
                                    how_to_make_one(path) + " as this user");
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return fail(Code::noaccess, shown + " can be read or changed by others: run `chmod 600 " +
                                    printable(path) +
                                    "`, and if somebody may have read it, make a new one");
  return {};
}

Result<std::string> read_text(const std::string& path, bool secret) {
  const std::string shown = "the key file " + printable(path);
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) {
    const auto code = errno == ENOENT ? Code::notfound : Code::noaccess;
    return fail(code, shown + " cannot be read: " + reason_of(errno) + ": " +
                          (errno == ENOENT ? how_to_make_one(path) : "check who may read it"));
  }
  struct stat found {};
  if (::fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode))
    return fail(Code::badparam, shown + " is not a regular file: " + how_to_make_one(path));
  if (secret)
    if (auto good = check_owner(found, path); !good) return tl::unexpected(good.error());
  std::string text(file_length_max + 1, '\0');
  const auto got = ::read(file.get(), text.data(), text.size());
  if (got < 0) return fail(Code::system, shown + " cannot be read: " + reason_of(errno));
  if (static_cast<std::size_t>(got) > file_length_max)
    return fail(Code::badparam, shown + " is longer than 4096 octets, so it is no key file: " +
                                    how_to_make_one(path));
  text.resize(static_cast<std::size_t>(got));
  return text;
}

// What the file says is never repeated in a message: a part of it is secret.
Result<Settings> read_members(const std::string& path, bool secret) {
  const auto text = read_text(path, secret);
  if (!text) return tl::unexpected(text.error());
  const auto root = parse_yaml(*text, path);
  if (root)
    if (auto read = read_settings(*root, members); read && valid_key(read->text("public")))
      return read;
  return fail(Code::badparam, "the key file " + printable(path) +
                                  " is not one that `sense keys new` writes: " +
                                  how_to_make_one(path) + ", and mind the path");
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return ::fsync(fd) == 0;
}

}  // namespace

bool valid_key(std::string_view text) {
  std::array<std::uint8_t, 32> octets{};
  const std::string copy(text);
  return text.size() == key_length && text.find('\0') == std::string_view::npos &&
         zmq_z85_decode(octets.data(), copy.c_str()) != nullptr;
}

Result<KeyPair> make_key_pair() {
  Key known{};
  Key secret{};
  if (zmq_curve_keypair(known.data(), secret.data()) != 0)
    return fail(Code::notyetimplemented,
                "this libzmq was built without CURVE: install libzmq5 of the distribution");
  return KeyPair{known.data(), secret.data()};
}

Status write_key_file(const std::string& path, std::string_view name, const KeyPair& keys) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                               S_IRUSR | S_IWUSR));
  if (file.get() < 0 && errno == EEXIST)
    return fail(Code::duplicate, printable(path) +
                                     " is there already and is not overwritten: name another with "
                                     "--file, or remove it if nobody uses that key any more");
  if (file.get() < 0)
    return fail(Code::system, printable(path) + " cannot be written: " + reason_of(errno) +
                                  ": name another place with --file");
  std::string text =
      "# A key pair of SENSE. Whoever can read the secret can act in its name: leave it 0600.\n";
  text += "name: \"" + std::string(name) + "\"\npublic: \"" + keys.public_key + "\"\nsecret: \"" +
          keys.secret_key + "\"\n";
  if (write_all(file.get(), text)) return {};
  const auto error = errno;
  ::unlink(path.c_str());
  return fail(Code::system, printable(path) + " cannot be written: " + reason_of(error));
}

Result<KeyPair> read_key_file(const std::string& path) {
  const auto read = read_members(path, true);
  if (!read) return tl::unexpected(read.error());
  KeyPair keys{read->text("public"), read->text("secret")};
  if (!valid_key(keys.secret_key))
    return fail(Code::badparam, "the key file " + printable(path) +
                                    " holds no secret key, which is needed here: name the file "
                                    "that `sense keys new` wrote");
  Key known{};
  if (zmq_curve_public(known.data(), keys.secret_key.c_str()) != 0 ||
      keys.public_key != known.data())
    return fail(Code::badparam, "the two keys in " + printable(path) +
                                    " do not belong together: " + how_to_make_one(path));
  return keys;
}

Result<std::string> read_public_key(const std::string& path) {
  const auto read = read_members(path, false);
  if (!read) return tl::unexpected(read.error());
  return read->text("public");
}

}  // namespace sense
