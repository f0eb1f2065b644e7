#include "courier/adapters/openai_embeddings.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "courier/adapters/adapter_options.hpp"
#include "courier/adapters/chat_parameters.hpp"
#include "courier/adapters/embedding_vectors.hpp"
#include "courier/adapters/json_answer.hpp"
#include "courier/adapters/lookup_options.hpp"
#include "courier/adapters/openai_chat_answer.hpp"
#include "courier/adapters/openai_error.hpp"
#include "courier/json/members.hpp"
#include "courier/text/text_answer.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using wire::ErrorClass;

constexpr std::size_t max_answer_bytes = std::size_t{16} << 20;
constexpr std::size_t most_texts = 4096;

// An array of tokens is one text.
std::size_t count_texts(const Json &input) {
  if (input.is_string()) return 1;
  if (!input.is_array() || input.empty())
    refuse_parameter("input is neither a text nor an array of texts");
  bool const is_tokens = input.front().is_number_integer();
  for (const Json &one : input)
    if (is_tokens ? !one.is_number_integer() : !(one.is_string() || one.is_array()))
      refuse_parameter("input is neither a text nor an array of texts");
  if (!is_tokens && input.size() > most_texts)
    refuse_parameter("input has more than " + std::to_string(most_texts) + " texts");
  return is_tokens ? 1 : input.size();
}

struct Request {
  std::string body;
  std::size_t text_count = 0;
};

Request make_request(const wire::Submit &submit) {
  AdapterOptions const options("openai_embeddings", submit.options, {});
  Json body = read_parameters(submit.parameters);
  if (body.contains("input") == body.contains("prompt"))
    refuse_parameter("input or prompt must be given, and not both");
  if (body.contains("prompt")) {
    if (!body.at("prompt").is_string()) refuse_parameter("prompt is not a text");
    body["input"] = std::move(body["prompt"]);
    body.erase("prompt");
  }
  Request request;
  request.text_count = count_texts(body.at("input"));
  if (!submit.model.empty()) body["model"] = submit.model;
  request.body = request_text(body);
  return request;
}

class OpenaiEmbeddings : public Adapter {
 public:
  explicit OpenaiEmbeddings(const wire::Submit &submit)
      : id_header_(parse_lookup_options(submit.options).id_header),
        id_(submit.attempt.to_string()),
        request_(make_request(submit)),
        max_bytes_(std::min<std::uint64_t>(submit.max_output_bytes, EmbeddingVectors::most_bytes)),
        answer_(max_answer_bytes) {}

  HttpRequest request() override;
  std::size_t max_outputs() const override { return 0; }
  void begin_response(const ResponseHead &head) override { answer_.begin(head); }
  void consume(std::string_view body) override { answer_.consume(body); }
  Step finish() override;
  AttemptError explain(const ResponseHead &head, std::string_view body) const override {
    return explain_openai_status(head, body);
  }

 private:
  std::string const id_header_;
  std::string const id_;
  Request const request_;
  std::size_t const max_bytes_;
  JsonAnswer answer_;
};

HttpRequest OpenaiEmbeddings::request() {
  HttpRequest request;
  request.path = "/embeddings";
  request.headers = {"Content-Type: application/json", "Accept: application/json"};
  if (!id_header_.empty()) request.headers.push_back(id_header_ + ": " + id_);
  request.body = request_.body;
  return request;
}

Step OpenaiEmbeddings::finish() {
  Json const document = answer_.finish();
  if (auto const error = find_openai_error(document))
    throw AttemptError(error->error_class.value_or(ErrorClass::bad_response),
                       "the server reports an error with status 200: " + error->message);
  const Json &data = json::structure(document, "data");
  EmbeddingVectors vectors(request_.text_count, max_bytes_);
  std::size_t place = 0;
  for (const Json &entry : data)
    vectors.add(entry, place++);
  text::TextAnswer facts(max_bytes_);
  facts.usage = read_openai_usage(json::structure(document, "usage"));
  note_fact(facts, document, "model");
  return Result{{}, facts.metadata(), vectors.result()};
}

}  // namespace

std::unique_ptr<Adapter> make_openai_embeddings(const wire::Submit &submit, const std::string &) {
  return std::make_unique<OpenaiEmbeddings>(submit);
}

}  // namespace courier
