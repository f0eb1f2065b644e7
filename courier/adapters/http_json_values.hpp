// http_json_values.hpp -- the values that members of adapter_options have, read strictly.
//
// All of them throw OptionsError, with the name of the member.
#pragma once

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "courier/adapters/http_json_options.hpp"

namespace courier {

using Json = nlohmann::json;
using PlaceNames = std::span<const std::string_view>;

[[noreturn]] void refuse_option(const std::string &why);

std::string read_text(const std::string &name, const Json &value);
Json::json_pointer read_pointer(const std::string &name, const Json &value);
double read_positive(const std::string &name, const Json &value);
std::size_t read_count(const std::string &name, const Json &value, std::size_t highest);
std::chrono::milliseconds read_milliseconds(const std::string &name, const Json &value);
std::string read_member_name(const std::string &name, const Json &value);
std::string read_header_name(const std::string &name, const Json &value);

// "/path" or "METHOD /path". known: what may stand in braces there.
RequestForm read_request_form(const std::string &name, const Json &value, Method usual,
                              PlaceNames known);
std::map<std::string, std::string> read_headers(const std::string &name, const Json &value);
std::map<std::string, wire::ErrorClass> read_error_classes(const std::string &name,
                                                           const Json &value);
std::map<std::string, JobState> read_states(const std::string &name, const Json &value);
std::map<std::string, PictureForm> read_pictures(const std::string &name, const Json &value);
std::map<std::string, Json::json_pointer> read_pointers(const std::string &name, const Json &value);
// One pointer or an array of them.
std::vector<OutputPlaces> read_outputs(const std::string &name, const Json &value, bool base64);
std::vector<std::string> read_hosts(const std::string &name, const Json &value);

}  // namespace courier
