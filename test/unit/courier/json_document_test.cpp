// json_document_test.cpp -- a document that is the answer itself.
#include <gtest/gtest.h>

#include <string>

#include "adapter_talk.hpp"
#include "courier/adapters/json_document.hpp"

namespace {

using wire::ErrorClass;

std::unique_ptr<courier::Adapter> make() {
  wire::Submit submit;
  submit.purpose = wire::Purpose::probe;
  submit.adapter = "json_document";
  submit.max_output_bytes = 64;
  return courier::make_json_document(submit);
}

TEST(JsonDocument, is_what_is_at_the_url) {
  auto const adapter = make();
  courier::HttpRequest const request = adapter->request();
  EXPECT_EQ(request.method, courier::Method::get);
  EXPECT_EQ(request.path + request.query + request.url + request.body, "");
  for (std::size_t const piece : {std::size_t{1}, std::string::npos}) {
    courier::Step const step = test::answer(*adapter, R"({"keys": [ {"x": "a"} ]})", 200, piece);
    EXPECT_EQ(std::get<courier::Result>(step).result, R"({"keys":[{"x":"a"}]})");
  }
}

TEST(JsonDocument, may_have_numbers_that_none_of_ours_holds) {
  courier::Step const step = test::answer(*make(), R"({"a":1e999,"b":-1e-999,"c":-1,"d":1,"a":2})");
  EXPECT_EQ(std::get<courier::Result>(step).result, R"({"a":2,"b":-0.0,"c":-1,"d":1})");
}

TEST(JsonDocument, is_small_and_json) {
  auto const adapter = make();
  EXPECT_EQ(test::refused_answer(*adapter, std::string(65, ' ')).error_class,
            ErrorClass::too_large);
  EXPECT_EQ(test::refused_answer(*adapter, "{").error_class, ErrorClass::bad_response);
  EXPECT_EQ(test::refusal_of([&] {
              adapter->begin_response({200, "text/html", false});
            }),
            (test::Refusal{ErrorClass::bad_response,
                           "the server answers with text/html instead of JSON"}));
}

TEST(JsonDocument, may_be_refused) {
  EXPECT_EQ(test::explained(*make(), 403, "no"),
            (test::Refusal{ErrorClass::auth, "asked for a document, the server answers 403"}));
}

}  // namespace
