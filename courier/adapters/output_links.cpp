#include "courier/adapters/output_links.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "courier/adapters/file_answer.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;

constexpr std::size_t max_link_bytes = 4096;
constexpr std::size_t max_extension_bytes = 12;
constexpr std::array<std::string_view, 7> stored_extensions = {"png", "jpg", "jpeg", "webp",
                                                               "gif", "mp4", "webm"};
constexpr std::array<std::string_view, 7> stored_types = {
    "image/png", "image/jpeg", "image/jpg", "image/webp", "image/gif", "video/mp4", "video/webm"};
// What an object says of a file, and nothing else.
constexpr std::array<std::string_view, 15> descriptions = {
    "content_type", "duration",  "file_name", "file_size",  "filename", "format", "fps",  "height",
    "index",        "mime_type", "name",      "num_frames", "size",     "type",   "width"};

template <typename Names>
bool contains(const Names &names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

char small_letter(char byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
}

std::string in_small_letters(std::string_view text) {
  std::string small(text);
  std::transform(small.begin(), small.end(), small.begin(), small_letter);
  return small;
}

bool is_alphanumeric(char byte) {
  char const small = small_letter(byte);
  return (small >= 'a' && small <= 'z') || (small >= '0' && small <= '9');
}

bool is_printable_without_spaces(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char byte) {
    return byte > 0x20 && byte != 0x7F && byte != '"' && byte != '<' && byte != '>' && byte != '\\';
  });
}

std::string extension_of(std::string_view path) {
  std::size_t const dot = path.find_last_of("./");
  if (dot == std::string_view::npos || path[dot] == '/') return {};
  std::string_view const extension = path.substr(dot + 1);
  bool const is_one = !extension.empty() && extension.size() <= max_extension_bytes &&
                      std::all_of(extension.begin(), extension.end(), is_alphanumeric);
  return is_one ? in_small_letters(extension) : std::string{};
}

class Separation {
 public:
  Separation(std::size_t max_links, const IsFile &is_file)
      : max_links_(max_links), is_file_(is_file) {}

  // Nothing where nothing is left.
  std::optional<Json> strip(const Json &value, const Json *holder, std::string_view name) {
    if (value.is_string())
      return takes(value.get_ref<const std::string &>(), holder, name)
                 ? std::nullopt
                 : std::optional<Json>(std::in_place, value);
    if (!value.is_structured()) return std::optional<Json>(std::in_place, value);
    return value.is_array() ? strip_array(value, holder, name) : strip_object(value);
  }

  std::vector<std::string> take_links() { return std::move(links_); }

 private:
  std::optional<Json> strip_array(const Json &array, const Json *holder, std::string_view name) {
    Json left = Json::array();
    for (const Json &member : array)
      if (auto kept = strip(member, holder, name)) left.push_back(std::move(*kept));
    if (left.empty() && !array.empty()) return std::nullopt;
    return std::optional<Json>(std::in_place, std::move(left));
  }

  std::optional<Json> strip_object(const Json &object) {
    Json left = Json::object();
    bool only_describes = true;
    for (const auto &[key, member] : object.items()) {
      auto kept = strip(member, &object, key);
      if (!kept) continue;
      only_describes = only_describes && contains(descriptions, key);
      left[key] = std::move(*kept);
    }
    if (left.size() < object.size() && only_describes) return std::nullopt;
    return std::optional<Json>(std::in_place, std::move(left));
  }

  bool takes(const std::string &text, const Json *holder, std::string_view name) {
    if (text == file_mark) return true;
    auto const link = parse_link(text);
    if (!link || !is_file_(*link, holder, name)) return false;
    if (contains(links_, text)) return true;
    if (links_.size() >= max_links_) return false;
    links_.push_back(text);
    return true;
  }

  std::size_t const max_links_;
  const IsFile &is_file_;
  std::vector<std::string> links_;
};

}  // namespace

std::optional<LinkParts> parse_link(std::string_view text) {
  if (text.size() > max_link_bytes || !is_printable_without_spaces(text)) return std::nullopt;
  std::size_t const scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return std::nullopt;
  std::string const scheme = in_small_letters(text.substr(0, scheme_end));
  if (scheme != "http" && scheme != "https") return std::nullopt;
  std::string_view const rest = text.substr(scheme_end + 3);
  std::size_t const authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  std::string const authority = in_small_letters(rest.substr(0, authority_end));
  if (authority.empty() || authority.find('@') != std::string::npos) return std::nullopt;
  std::string_view path = rest.substr(authority_end);
  path = path.substr(0, path.find_first_of("?#"));
  std::size_t const host_end =
      authority.starts_with('[') ? authority.find(']') + 1 : authority.find(':');
  LinkParts parts;
  parts.origin = scheme + "://" + authority;
  parts.host = authority.substr(0, host_end);
  parts.extension = extension_of(path);
  return parts;
}

bool is_at_or_below(std::string_view host, std::string_view domain) {
  if (host == domain) return true;
  return host.size() > domain.size() && host.ends_with(domain) &&
         host[host.size() - domain.size() - 1] == '.';
}

bool may_be_stored(const LinkParts &link, std::string_view content_type) {
  std::string const type = in_small_letters(content_type.substr(0, content_type.find(';')));
  if (contains(stored_types, type)) return true;
  bool const says_nothing = type.empty() || type == "application/octet-stream";
  return says_nothing &&
         (link.extension.empty() ? type.empty() : contains(stored_extensions, link.extension));
}

SeparatedOutput separate_files(const Json &output, std::size_t max_links, const IsFile &is_file) {
  Separation separation(max_links, is_file);
  SeparatedOutput separated;
  auto rest = separation.strip(output, nullptr, {});
  if (rest) separated.rest = std::move(*rest);
  separated.links = separation.take_links();
  return separated;
}

}  // namespace courier
