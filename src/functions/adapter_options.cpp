// What is wrong with the adapter_options of a provider: the courier's own words, so that what is
// accepted here is what it understands.
#include <string>
#include <string_view>

#include "courier/adapters/http_json_options.hpp"
#include "courier/adapters/lookup_options.hpp"
#include "courier/adapters/options_error.hpp"
#include "courier/adapters/parameter_words.hpp"
#include "src/pg/boundary.hpp"
#include "src/pg/compat.hpp"

extern "C" {
#include "fmgr.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(atelier_adapter_options_problem);
PGDLLEXPORT Datum atelier_adapter_options_problem(PG_FUNCTION_ARGS);
}

namespace {

std::string text_argument(FunctionCallInfo fcinfo, int number) {
  const text *const packed = pg::call([&] { return PG_GETARG_TEXT_PP(number); });
  return {VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed)};
}

}  // namespace

Datum atelier_adapter_options_problem(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    std::string const adapter = text_argument(fcinfo, 0);
    std::string const options = text_argument(fcinfo, 1);
    try {
      courier::parse_lookup_options(options);
      courier::ParameterWords const words(options);
      if (adapter == "http_json") courier::parse_http_json_options(words.others());
    } catch (const courier::OptionsError &error) {
      const std::string &why = error.why();
      return pg::call([&] {
        return PointerGetDatum(cstring_to_text_with_len(why.data(), static_cast<int>(why.size())));
      });
    }
    PG_RETURN_NULL();
  });
}
