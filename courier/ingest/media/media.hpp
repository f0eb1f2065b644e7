// media.hpp -- what a file is, from its own bytes, and whether all of it is there.
//
// A result is stored only when its structure runs to its proper end: a PNG to IEND, a JPEG to EOI,
// a WebP to the length in its header, a GIF to its trailer, MP4 and WebM to the end of their last
// box. Pixels are not decoded.
#pragma once

#include <cstdint>
#include <string_view>

#include "courier/ingest/byte_reader.hpp"

namespace courier::ingest {

struct MediaInfo {
  std::string_view media_type;
  std::string_view extension;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t duration_ms = 0;  // 0 = a still
};

// How many first bytes decide which format it is.
inline constexpr std::size_t media_magic_bytes = 12;

// A name for the format, empty if none of ours begins like this.
std::string_view media_format(std::string_view first_bytes) noexcept;

// Throws MediaError.
MediaInfo inspect_media(ByteReader &reader);

// One per format; each starts at the first byte of the file and throws MediaError.
MediaInfo inspect_gif(ByteReader &reader);
MediaInfo inspect_jpeg(ByteReader &reader);
MediaInfo inspect_mp4(ByteReader &reader);
MediaInfo inspect_png(ByteReader &reader);
MediaInfo inspect_webm(ByteReader &reader);
MediaInfo inspect_webp(ByteReader &reader);

std::uint32_t clamp_duration_ms(std::uint64_t duration_ms) noexcept;

// For formats that must end where their structure ends.
void expect_end(const ByteReader &reader);

}  // namespace courier::ingest
