// text.hpp -- the guarantees for text that ends in the database: valid UTF-8, no NUL, bounded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace wire {

// Length of the valid UTF-8 character at the start of text, 0 if there is none. NUL counts as
// valid.
std::size_t utf8_character_length(std::string_view text) noexcept;

// Valid UTF-8 without NUL: what a PostgreSQL text value accepts.
bool is_database_text(std::string_view text) noexcept;

enum class Lines { one, many };

// Text from anywhere made fit for the database: what is not valid UTF-8 becomes U+FFFD, control
// characters become spaces (with Lines::many, newline and tab stay), and it is cut at a character
// boundary.
std::string clean_text(std::string_view text, std::size_t max_bytes, Lines lines);

}  // namespace wire
