#include "courier/adapters/comfyui_outputs.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <new>

#include "courier/adapters/json_answer.hpp"
#include "courier/adapters/server_error.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using wire::ErrorClass;

const Json &member(const Json &object, const char *name) {
  static const Json none;
  if (!object.is_object()) return none;
  auto const found = object.find(name);
  return found == object.end() ? none : *found;
}

std::string text_member(const Json &object, const char *name) {
  const Json &value = member(object, name);
  return value.is_string() ? value.get<std::string>() : std::string{};
}

std::string encoded(const std::string &text) {
  struct Free {
    void operator()(char *data) const noexcept { curl_free(data); }
  };
  if (text.empty()) return {};  // libcurl takes a length of 0 for "measure it"
  std::unique_ptr<char, Free> const escaped(
      curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size())));
  if (!escaped) throw std::bad_alloc();
  return escaped.get();
}

HttpRequest view(const std::string &filename, const std::string &subfolder,
                 const std::string &type) {
  HttpRequest request;
  request.method = Method::get;
  request.path = "/view";
  request.query = "filename=" + encoded(filename) + "&subfolder=" + encoded(subfolder) +
                  "&type=" + encoded(type);
  return request;
}

// The data of the first message of that name; null: there is none.
const Json &message_data(const Json &entry, const char *event) {
  static const Json none;
  const Json &messages = member(member(entry, "status"), "messages");
  if (!messages.is_array()) return none;
  for (const Json &message : messages)
    if (message.is_array() && message.size() == 2 && message[0] == event) return message[1];
  return none;
}

[[noreturn]] void report_error(const Json &entry) {
  if (!message_data(entry, "execution_interrupted").is_null())
    throw AttemptError(ErrorClass::worker_crash, "the execution was interrupted at the server");
  const Json &error = message_data(entry, "execution_error");
  std::string why = text_member(error, "exception_message");
  if (why.empty()) why = text_member(error, "exception_type");
  std::string const node = text_member(error, "node_type");
  throw AttemptError(ErrorClass::worker_crash, "the execution failed" +
                                                   (node.empty() ? "" : " in " + node) +
                                                   (why.empty() ? std::string{} : ": " + why));
}

void check_status(const Json &entry) {
  const Json &status = member(entry, "status");
  if (status.is_null()) return;  // as old versions have it: what it left tells
  std::string const word = text_member(status, "status_str");
  if (word == "error") report_error(entry);
  if (word != "success")
    throw AttemptError(ErrorClass::bad_response, "the server says that the execution is \"" + word +
                                                     "\", which is no known state");
}

void collect(const std::string &node, const Json &lists, bool temporary, ComfyuiOutputs &outputs) {
  if (!lists.is_object()) return;
  for (const auto &[kind, list] : lists.items()) {
    // There is no place for sound.
    if (!list.is_array() || kind == "audio") continue;
    for (const Json &item : list) {
      if (item.is_string()) outputs.texts.push_back(item.get<std::string>());
      std::string const filename = text_member(item, "filename");
      std::string const type = text_member(item, "type");
      if (filename.empty() || (type == "temp" && !temporary)) continue;
      outputs.files.push_back(
          {node, filename,
           view(filename, text_member(item, "subfolder"), type.empty() ? "output" : type)});
    }
  }
}

// 9 comes before 10.
bool is_before(const std::string &a, const std::string &b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

}  // namespace

ComfyuiOutputs read_comfyui_entry(const Json &entry, const ComfyuiWorkflow &workflow) {
  check_status(entry);
  ComfyuiOutputs outputs;
  const Json &nodes = member(entry, "outputs");
  std::vector<std::string> wanted = workflow.output_nodes;
  if (wanted.empty() && nodes.is_object()) {
    for (const auto &[node, lists] : nodes.items())
      wanted.push_back(node);
    std::sort(wanted.begin(), wanted.end(), is_before);
  }
  for (const std::string &node : wanted)
    collect(node, member(nodes, node.c_str()), workflow.temporary, outputs);
  if (outputs.files.empty() && outputs.texts.empty())
    throw AttemptError(
        ErrorClass::bad_response,
        "the workflow ended well and left no outputs: it saves none, or the server took all of it "
        "from its cache (with {id} in the filename_prefix of the node that saves it does not)");
  if (outputs.files.size() > workflow.max_outputs)
    throw AttemptError(ErrorClass::too_large, "the workflow made " +
                                                  std::to_string(outputs.files.size()) +
                                                  " files, more than max_outputs, which is " +
                                                  std::to_string(workflow.max_outputs));
  return outputs;
}

double comfyui_seconds(const Json &entry) {
  constexpr double milliseconds = 1000;
  const Json &start = member(message_data(entry, "execution_start"), "timestamp");
  const Json &end = member(message_data(entry, "execution_success"), "timestamp");
  if (!start.is_number() || !end.is_number()) return -1;
  return (end.get<double>() - start.get<double>()) / milliseconds;
}

AttemptError comfyui_refusal(const ResponseHead &head, std::string_view body) {
  AttemptError const error = server_error(head, body);
  Json const document = json_or_null(body);
  std::string message = error.message();
  std::string const details = text_member(member(document, "error"), "details");
  if (!details.empty()) message += ": " + details;
  const Json &nodes = member(document, "node_errors");
  if (nodes.is_object())
    for (const auto &[id, node] : nodes.items())
      if (const Json &errors = member(node, "errors"); errors.is_array())
        for (const Json &one : errors)
          message += "; node " + id + " (" + text_member(node, "class_type") +
                     "): " + text_member(one, "message") + ", " + text_member(one, "details");
  return {error.error_class(), std::move(message)};
}

}  // namespace courier
