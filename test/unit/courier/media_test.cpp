#include "courier/ingest/media/media.hpp"

#include <gtest/gtest.h>

#include <string>

#include "sample_media.hpp"

namespace {

using courier::ingest::inspect_media;
using courier::ingest::MediaError;
using courier::ingest::MediaInfo;
using courier::ingest::MemoryReader;

MediaInfo inspect(std::string_view bytes) {
  MemoryReader reader(bytes);
  return inspect_media(reader);
}

std::string why_refused(std::string_view bytes) {
  try {
    inspect(bytes);
    return "accepted";
  } catch (const MediaError &error) {
    return error.what();
  }
}

struct Sample {
  const char *file;
  const char *media_type;
  const char *extension;
  std::uint32_t duration_ms;
};

class MediaOfRealEncoders : public testing::TestWithParam<Sample> {};

TEST_P(MediaOfRealEncoders, has_its_type_and_size) {
  MediaInfo const info = inspect(test::read_corpus("media/" + std::string(GetParam().file)));
  EXPECT_EQ(info.media_type, GetParam().media_type);
  EXPECT_EQ(info.extension, GetParam().extension);
  EXPECT_EQ(info.width, 48U);
  EXPECT_EQ(info.height, 32U);
  EXPECT_EQ(info.duration_ms, GetParam().duration_ms);
}

TEST_P(MediaOfRealEncoders, is_refused_with_bytes_behind_its_end) {
  std::string const whole = test::read_corpus("media/" + std::string(GetParam().file));
  EXPECT_THROW(inspect(whole + "x"), MediaError);
}

INSTANTIATE_TEST_SUITE_P(Formats, MediaOfRealEncoders,
                         testing::Values(Sample{"still.png", "image/png", "png", 0},
                                         Sample{"still.jpg", "image/jpeg", "jpg", 0},
                                         Sample{"optimal.jpg", "image/jpeg", "jpg", 0},
                                         Sample{"lossy.webp", "image/webp", "webp", 0},
                                         Sample{"lossless.webp", "image/webp", "webp", 0},
                                         Sample{"animated.webp", "image/webp", "webp", 300},
                                         Sample{"animated.gif", "image/gif", "gif", 300},
                                         Sample{"film.mp4", "video/mp4", "mp4", 500},
                                         Sample{"fragmented.mp4", "video/mp4", "mp4", 0},
                                         Sample{"film.webm", "video/webm", "webm", 500},
                                         Sample{"piped.webm", "video/webm", "webm", 0}),
                         [](const auto &sample) {
                           std::string name = sample.param.file;
                           name[name.find('.')] = '_';
                           return name;
                         });

// All but the two that were written as streams: those may also stop at an inner boundary.
TEST(Media, is_refused_when_cut_anywhere) {
  for (const char *file : {"still.png", "still.jpg", "optimal.jpg", "lossy.webp", "lossless.webp",
                           "animated.webp", "animated.gif", "film.mp4", "film.webm"}) {
    std::string const whole = test::read_corpus(std::string("media/") + file);
    for (std::size_t length = 0; length < whole.size(); ++length)
      EXPECT_THROW(inspect(std::string_view(whole).substr(0, length)), MediaError)
          << file << " " << length;
  }
}

TEST(Media, refuses_sound_without_pictures) {
  EXPECT_EQ(why_refused(test::read_corpus("media/sound.mp4")), "a damaged MP4: no width or height");
}

TEST(Media, names_what_is_wrong) {
  EXPECT_EQ(why_refused("x"), "too short for a picture");
  EXPECT_EQ(why_refused("<!DOCTYPE html>"), "not a known kind of picture or video");
  std::string const png = test::make_png(5, 7);
  EXPECT_EQ(why_refused(png.substr(0, png.size() - 12)),
            "a truncated PNG of " + std::to_string(png.size() - 12) + " bytes");
  EXPECT_EQ(why_refused(png + "PK"), "a damaged PNG: 2 bytes after its end");
  std::string flipped = png;
  flipped[flipped.size() - 20] = static_cast<char>(flipped[flipped.size() - 20] ^ 1);
  EXPECT_EQ(why_refused(flipped), "a damaged PNG: chunk IDAT fails its checksum");
}

TEST(Media, reads_files_larger_than_its_buffer) {
  MediaInfo const info = inspect(test::make_png_of_size(3 << 20));
  EXPECT_EQ(info.width, 8U);
}

TEST(Media, is_recognised_by_its_first_bytes) {
  EXPECT_EQ(courier::ingest::media_format(test::make_png(1, 1).substr(0, 12)), "PNG");
  EXPECT_EQ(courier::ingest::media_format(test::read_corpus("media/film.mp4").substr(0, 12)),
            "MP4");
  EXPECT_EQ(courier::ingest::media_format("BM........."), "");
  EXPECT_EQ(courier::ingest::media_format(""), "");
}

}  // namespace
