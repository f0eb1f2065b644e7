#include "courier/adapters/http_json_options.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "courier/adapters/http_json_values.hpp"
#include "courier/adapters/lookup_options.hpp"
#include "wire/frame.hpp"

namespace courier {

namespace {

constexpr std::array<std::string_view, 2> before_id = {"{model}", "{id}"};
constexpr std::array<std::string_view, 3> with_id = {"{model}", "{id}", "{external_id}"};

const std::map<std::string, JobState> obvious_states = {
    {"queued", JobState::queued},       {"pending", JobState::queued},
    {"in_queue", JobState::queued},     {"running", JobState::running},
    {"processing", JobState::running},  {"in_progress", JobState::running},
    {"completed", JobState::succeeded}, {"succeeded", JobState::succeeded},
    {"finished", JobState::succeeded},  {"failed", JobState::failed},
    {"cancelled", JobState::cancelled}, {"canceled", JobState::cancelled},
    {"expired", JobState::expired},
};

using Read = void (*)(HttpJsonOptions &, const std::string &name, const Json &value);

struct Option {
  std::string_view name;
  Read read;
  bool needs_id = false;  // only where a request has an id of the provider
};

constexpr std::array known_options = {
    Option{"cancel",
           [](auto &to, auto &name, auto &value) {
             to.cancel = read_request_form(name, value, Method::post, with_id);
           },
           true},
    Option{"cancel_request", [](auto &to, auto &, auto &value) { to.cancel_request = value; },
           true},
    Option{"cost", [](auto &to, auto &name, auto &value) { to.cost = read_pointer(name, value); }},
    Option{"error",
           [](auto &to, auto &name, auto &value) { to.error = read_pointer(name, value); }},
    Option{"error_classes",
           [](auto &to, auto &name, auto &value) {
             to.error_classes = read_error_classes(name, value);
           }},
    Option{"error_code",
           [](auto &to, auto &name, auto &value) { to.error_code = read_pointer(name, value); }},
    Option{"error_message",
           [](auto &to, auto &name, auto &value) { to.error_message = read_pointer(name, value); }},
    Option{"external_id",
           [](auto &to, auto &name, auto &value) { to.external_id = read_pointer(name, value); }},
    Option{"fetch",
           [](auto &to, auto &name, auto &value) {
             to.fetch = read_request_form(name, value, Method::get, with_id);
           },
           true},
    Option{"headers",
           [](auto &to, auto &name, auto &value) { to.headers = read_headers(name, value); }},
    Option{"max_outputs",
           [](auto &to, auto &name, auto &value) {
             to.max_outputs = read_count(name, value, wire::max_frame_descriptors);
           }},
    Option{"metrics",
           [](auto &to, auto &name, auto &value) { to.metrics = read_pointers(name, value); }},
    Option{"model_key",
           [](auto &to, auto &name, auto &value) { to.model_key = read_text(name, value); }},
    Option{"output_path",
           [](auto &to, auto &name, auto &value) {
             auto const form = read_request_form(name, value, Method::get, with_id);
             if (form.method != Method::get) refuse_option(name + " is asked for with GET");
             to.output_path = form.path;
           },
           true},
    Option{"outputs",
           [](auto &to, auto &name, auto &value) {
             auto const places = read_outputs(name, value, false);
             to.outputs.insert(to.outputs.end(), places.begin(), places.end());
           }},
    Option{"outputs_base64",
           [](auto &to, auto &name, auto &value) {
             auto const places = read_outputs(name, value, true);
             to.outputs.insert(to.outputs.end(), places.begin(), places.end());
           }},
    Option{"path",
           [](auto &to, auto &name, auto &value) {
             to.submit = read_request_form(name, value, Method::post, before_id);
             if (to.submit.method == Method::get || to.submit.method == Method::del)
               refuse_option(name + " is sent with POST or PUT");
           }},
    Option{"pictures",
           [](auto &to, auto &name, auto &value) { to.pictures = read_pictures(name, value); }},
    Option{"poll",
           [](auto &to, auto &name, auto &value) {
             to.poll = read_request_form(name, value, Method::get, with_id);
           },
           true},
    Option{"poll_max_ms",
           [](auto &to, auto &name, auto &value) {
             to.poll_max_interval = read_milliseconds(name, value);
           },
           true},
    Option{"poll_ms",
           [](auto &to, auto &name, auto &value) {
             to.poll_interval = read_milliseconds(name, value);
           },
           true},
    Option{"poll_request", [](auto &to, auto &, auto &value) { to.poll_request = value; }, true},
    Option{"progress",
           [](auto &to, auto &name, auto &value) { to.progress = read_pointer(name, value); },
           true},
    Option{"progress_full",
           [](auto &to, auto &name, auto &value) { to.progress_full = read_positive(name, value); },
           true},
    Option{"request", [](auto &to, auto &, auto &value) { to.request = value; }},
    Option{"result",
           [](auto &to, auto &name, auto &value) { to.result = read_pointer(name, value); }},
    Option{"retry_after",
           [](auto &to, auto &name, auto &value) { to.retry_after = read_pointer(name, value); },
           true},
    Option{"state", [](auto &to, auto &name, auto &value) { to.state = read_pointer(name, value); },
           true},
    Option{"states",
           [](auto &to, auto &name, auto &value) {
             for (const auto &[word, state] : read_states(name, value))
               to.states[word] = state;
           },
           true},
    Option{"trusted_hosts",
           [](auto &to, auto &name, auto &value) { to.trusted_hosts = read_hosts(name, value); }},
    Option{"webhook_header",
           [](auto &to, auto &name, auto &value) {
             to.webhook_header = read_header_name(name, value);
           },
           true},
    Option{"webhook_key",
           [](auto &to, auto &name, auto &value) {
             to.webhook_key = read_member_name(name, value);
           },
           true},
};

const Option *find_option(const std::string &name) {
  auto const *const found = std::find_if(known_options.begin(), known_options.end(),
                                         [&](const Option &one) { return one.name == name; });
  return found == known_options.end() ? nullptr : found;
}

bool names_id(const RequestForm &form, const std::optional<Json> &body) {
  constexpr std::string_view place = "{external_id}";
  return form.path.find(place) != std::string::npos ||
         (body && body->dump().find(place) != std::string::npos);
}

// What makes no sense together.
void check(const HttpJsonOptions &options, const Json &given) {
  if (!options.external_id) {
    for (const Option &option : known_options)
      if (option.needs_id && given.contains(option.name))
        refuse_option(std::string(option.name) + " needs external_id");
    return;
  }
  if (options.poll.path.empty()) refuse_option("external_id needs poll");
  if (!names_id(options.poll, options.poll_request)) refuse_option("poll has no {external_id}");
  if (options.poll_request && options.poll.method == Method::get)
    refuse_option("poll_request needs a poll that begins with POST");
  if (options.cancel_request && options.cancel.path.empty())
    refuse_option("cancel_request needs cancel");
  if (!options.cancel.path.empty() && !names_id(options.cancel, options.cancel_request))
    refuse_option("cancel has no {external_id}");
  if (options.poll_max_interval < options.poll_interval)
    refuse_option("poll_max_ms is less than poll_ms, which is " +
                  std::to_string(options.poll_interval.count()));
  if (!options.output_path.empty() && !options.outputs.empty())
    refuse_option("output_path and outputs exclude each other");
}

}  // namespace

HttpJsonOptions parse_http_json_options(const std::string &text) {
  HttpJsonOptions options;
  options.states = obvious_states;
  if (text.empty() || text == "{}") return options;
  Json const given = Json::parse(text, nullptr, false);
  if (!given.is_object()) refuse_option("not a JSON object");
  for (const auto &[name, value] : given.items()) {
    if (const Option *const option = find_option(name))
      option->read(options, name, value);
    else if (!is_lookup_option(name))
      refuse_option("the adapter http_json has no option \"" + name + "\"");
  }
  if (!given.contains("poll_max_ms"))
    options.poll_max_interval = std::max(options.poll_max_interval, options.poll_interval);
  check(options, given);
  return options;
}

}  // namespace courier
