// SPDX-License-Identifier: Apache-2.0
#include "gateways/email/mime.hpp"

#include <gmime/gmime.h>

#include <algorithm>
#include <memory>

#include "core/base/encoding.hpp"
#include "core/base/text.hpp"
#include "core/event/cloudevents_json.hpp"

namespace sense::email {

namespace {

constexpr std::size_t line_max = 76;
constexpr std::size_t encoded_word_octets = 42;  // 56 characters of base 64 and 12 around them

struct Unref {
  void operator()(gpointer object) const { g_object_unref(object); }
};
template <class T>
using Object = std::unique_ptr<T, Unref>;

bool is_plain(std::string_view text) {
  return text.find("=?") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// At most `most` octets, not ending within a character.
std::string_view whole_characters(std::string_view text, std::size_t most) {
  std::size_t length = 0;
  while (length < text.size()) {
    const auto point = first_code_point(text.substr(length));
    const std::size_t step = std::max(1U, point.length);
    if (length + step > most) break;
    length += step;
  }
  return text.substr(0, length);
}

// RFC 2047. GMime counts the characters before it encodes them: its words exceed the 75 octets that
// section 2 allows, and it encodes long words of fields that section 5 excludes.
std::string encoded_words(std::string_view text) {
  std::string words;
  while (!text.empty()) {
    const auto piece = whole_characters(text, encoded_word_octets);
    words += (words.empty() ? "" : "\n ") + ("=?UTF-8?B?" + to_base64(piece) + "?=");
    text.remove_prefix(piece.size());
  }
  return words;
}

std::string folded(std::string_view text, std::size_t column) {
  std::string result;
  for (const auto word : split(text, ' ')) {
    if (!result.empty()) {
      const bool fold = column + 1 + word.size() > line_max && !word.empty();
      result += fold ? "\n " : " ";
      column = fold ? 1 : column + 1;
    }
    result += word;
    column += word.size();
  }
  return result;
}

void add_header(GMimeObject* object, std::string_view name, std::string_view text) {
  const auto safe = printable(text);
  const auto value = is_plain(safe) ? folded(safe, name.size() + 2) : encoded_words(safe);
  auto* headers = g_mime_object_get_header_list(object);
  const std::string field(name);
  g_mime_header_list_append(headers, field.c_str(), "", nullptr);
  auto* header =
      g_mime_header_list_get_header_at(headers, g_mime_header_list_get_count(headers) - 1);
  g_mime_header_set_raw_value(header, (" " + value + "\n").c_str());
}

// A carriage return alone would let a terminal write over the line that it is in.
std::string lf_lines(std::string_view text) {
  std::string lines;
  lines.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r')
      lines += text[i];
    else if (i + 1 == text.size() || text[i + 1] != '\n')
      lines += '\n';
  }
  return lines;
}

Object<GMimePart> part(const char* type, const char* subtype, std::string_view octets,
                       GMimeContentEncoding encoding) {
  Object<GMimePart> made(g_mime_part_new_with_type(type, subtype));
  const Object<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(octets.data(), octets.size()));
  const Object<GMimeDataWrapper> content(
      g_mime_data_wrapper_new_with_stream(stream.get(), GMIME_CONTENT_ENCODING_DEFAULT));
  g_mime_part_set_content(made.get(), content.get());
  g_mime_part_set_content_encoding(made.get(), encoding);
  return made;
}

Object<GMimeObject> text_part(const char* subtype, std::string_view text) {
  auto made = part("text", subtype, lf_lines(text), GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
  g_mime_object_set_content_type_parameter(GMIME_OBJECT(made.get()), "charset", "utf-8");
  return Object<GMimeObject>(GMIME_OBJECT(made.release()));
}

Object<GMimeObject> attachment_part(const Mail::Attachment& attachment) {
  const auto slash = attachment.type.find('/');
  const std::string type(attachment.type.substr(0, slash));
  const std::string subtype(attachment.type.substr(slash + 1));
  const std::string name(attachment.name);
  auto made = part(type.c_str(), subtype.c_str(), attachment.octets, GMIME_CONTENT_ENCODING_BASE64);
  auto* object = GMIME_OBJECT(made.release());
  g_mime_object_set_disposition(object, GMIME_DISPOSITION_ATTACHMENT);
  g_mime_object_set_content_disposition_parameter(object, "filename", name.c_str());
  return Object<GMimeObject>(object);
}

// "=_" occurs in neither encoding, so that no content can look like the boundary; and GMime's own
// one would be another in each repetition. `kind` keeps one from being the beginning of another.
Object<GMimeObject> multipart(const char* subtype, const char* kind, const Mail& mail,
                              const std::vector<Object<GMimeObject>>& parts) {
  Object<GMimeMultipart> made(g_mime_multipart_new_with_subtype(subtype));
  const auto boundary =
      std::string("=_") + kind + "_" + mail.message_id.substr(0, mail.message_id.find('@'));
  g_mime_multipart_set_boundary(made.get(), boundary.c_str());
  for (const auto& part : parts) g_mime_multipart_add(made.get(), part.get());
  return Object<GMimeObject>(GMIME_OBJECT(made.release()));
}

// RFC 2046 section 5.1.4: the form that readers prefer comes last.
Object<GMimeObject> readable_part(const Mail& mail) {
  if (mail.html.empty()) return text_part("plain", mail.text);
  std::vector<Object<GMimeObject>> forms;
  forms.push_back(text_part("plain", mail.text));
  forms.push_back(text_part("html", mail.html));
  return multipart("alternative", "forms", mail, forms);
}

Object<GMimeObject> body_part(const Mail& mail) {
  if (mail.attachments.empty()) return readable_part(mail);
  std::vector<Object<GMimeObject>> parts;
  parts.push_back(readable_part(mail));
  for (const auto& attachment : mail.attachments) parts.push_back(attachment_part(attachment));
  return multipart("mixed", "sense", mail, parts);
}

std::string written(GMimeMessage* message) {
  const Object<GMimeStream> memory(g_mime_stream_mem_new());
  const Object<GMimeStream> stream(g_mime_stream_filter_new(memory.get()));
  // Programs on the way change a line that begins with "From ".
  const Object<GMimeFilter> armour(g_mime_filter_from_new(GMIME_FILTER_FROM_MODE_ARMOR));
  g_mime_stream_filter_add(GMIME_STREAM_FILTER(stream.get()), armour.get());
  const std::unique_ptr<GMimeFormatOptions, decltype(&g_mime_format_options_free)> options(
      g_mime_format_options_new(), &g_mime_format_options_free);
  g_mime_format_options_set_newline_format(options.get(), GMIME_NEWLINE_FORMAT_DOS);
  g_mime_object_write_to_stream(GMIME_OBJECT(message), options.get(), stream.get());
  g_mime_stream_flush(stream.get());
  const auto* octets = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(memory.get()));
  return {reinterpret_cast<const char*>(octets->data), octets->len};
}

}  // namespace

std::string to_octets(const Mail& mail) {
  static const bool ready = [] {
    g_mime_init();
    return true;
  }();
  (void)ready;
  const Object<GMimeMessage> message(g_mime_message_new(FALSE));
  g_mime_message_add_mailbox(message.get(), GMIME_ADDRESS_TYPE_FROM, nullptr, mail.from.c_str());
  g_mime_message_add_mailbox(message.get(), GMIME_ADDRESS_TYPE_TO, nullptr, mail.to.c_str());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(mail.date.time_since_epoch());
  const std::unique_ptr<GDateTime, decltype(&g_date_time_unref)> date(
      g_date_time_new_from_unix_utc(seconds.count()), &g_date_time_unref);
  g_mime_message_set_date(message.get(), date.get());
  auto* object = GMIME_OBJECT(message.get());
  add_header(object, "Message-ID", "<" + mail.message_id + ">");
  for (const auto& [name, value] : mail.headers) add_header(object, name, value);
  g_mime_message_set_mime_part(message.get(), body_part(mail).get());
  return written(message.get());
}

}  // namespace sense::email
