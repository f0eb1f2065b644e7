#include "courier/ingest/media/media.hpp"

namespace courier::ingest {

namespace {

constexpr std::uint8_t extension_block = 0x21;
constexpr std::uint8_t image_block = 0x2C;
constexpr std::uint8_t trailer = 0x3B;
constexpr std::uint8_t graphic_control = 0xF9;

void skip_color_table(ByteReader &reader, std::uint8_t flags) {
  if ((flags & 0x80) != 0) reader.skip(std::uint64_t{3} << ((flags & 7) + 1));
}

void skip_sub_blocks(ByteReader &reader) {
  while (std::uint8_t const length = reader.u8())
    reader.skip(length);
}

// Returns the delay of the next frame in hundredths of a second, if this extension states it.
std::uint32_t read_extension(ByteReader &reader) {
  std::uint32_t delay = 0;
  if (reader.u8() == graphic_control) {
    if (reader.u8() != 4) throw MediaError("a graphic control of the wrong length");
    reader.skip(1);
    delay = reader.little_endian(2);
    reader.skip(1);
  }
  skip_sub_blocks(reader);
  return delay;
}

void skip_image(ByteReader &reader) {
  reader.skip(8);
  skip_color_table(reader, reader.u8());
  reader.skip(1);
  skip_sub_blocks(reader);
}

}  // namespace

MediaInfo inspect_gif(ByteReader &reader) {
  MediaInfo info{"image/gif", "gif"};
  std::string_view const version = reader.block(6);
  if (version != "GIF87a" && version != "GIF89a") throw MediaError("an unknown version");
  info.width = reader.little_endian(2);
  info.height = reader.little_endian(2);
  std::uint8_t const flags = reader.u8();
  reader.skip(2);
  skip_color_table(reader, flags);

  std::uint32_t frames = 0;
  std::uint64_t hundredths = 0;
  for (std::uint8_t kind = reader.u8(); kind != trailer; kind = reader.u8()) {
    if (kind == extension_block) {
      hundredths += read_extension(reader);
    } else if (kind == image_block) {
      skip_image(reader);
      ++frames;
    } else {
      throw MediaError("an unknown block");
    }
  }
  if (frames == 0) throw MediaError("no pixels");
  if (frames > 1) info.duration_ms = clamp_duration_ms(hundredths * 10);
  expect_end(reader);
  return info;
}

}  // namespace courier::ingest
