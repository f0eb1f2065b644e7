#include "courier/ingest/media/media.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace courier::ingest {

namespace {

using namespace std::string_view_literals;

struct Format {
  std::string_view name;
  std::size_t offset;
  std::string_view magic;
  MediaInfo (*inspect)(ByteReader &);
};

constexpr std::array formats = {
    Format{"PNG", 0, "\x89PNG\r\n\x1a\n"sv, inspect_png},
    Format{"JPEG", 0, "\xFF\xD8\xFF"sv, inspect_jpeg},
    Format{"WebP", 8, "WEBP"sv, inspect_webp},
    Format{"GIF", 0, "GIF8"sv, inspect_gif},
    Format{"MP4", 4, "ftyp"sv, inspect_mp4},
    Format{"WebM", 0, "\x1A\x45\xDF\xA3"sv, inspect_webm},
};

const Format *find_format(std::string_view first_bytes) noexcept {
  for (const Format &format : formats)
    if (first_bytes.size() >= format.offset &&
        first_bytes.substr(format.offset).starts_with(format.magic))
      return &format;
  return nullptr;
}

}  // namespace

std::string_view media_format(std::string_view first_bytes) noexcept {
  const Format *const format = find_format(first_bytes);
  return format != nullptr ? format->name : std::string_view{};
}

MediaInfo inspect_media(ByteReader &reader) {
  if (reader.size() < media_magic_bytes) throw MediaError("too short for a picture");
  std::string_view const start = reader.some(media_magic_bytes);
  const Format *const format = find_format(start);
  if (format == nullptr) throw MediaError("not a known kind of picture or video");
  reader.rewind();
  std::string const name(format->name);
  try {
    MediaInfo const info = format->inspect(reader);
    if (info.width == 0 || info.height == 0) throw MediaError("no width or height");
    return info;
  } catch (const EndOfMedia &) {
    throw MediaError("a truncated " + name + " of " + std::to_string(reader.size()) + " bytes");
  } catch (const MediaError &error) {
    throw MediaError("a damaged " + name + ": " + error.what());
  }
}

std::uint32_t clamp_duration_ms(std::uint64_t duration_ms) noexcept {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(duration_ms, UINT32_MAX));
}

void expect_end(const ByteReader &reader) {
  if (reader.remaining() != 0)
    throw MediaError(std::to_string(reader.remaining()) + " bytes after its end");
}

}  // namespace courier::ingest
