// fal_places.hpp -- where a request to fal's queue is found again.
//
// The answer to a submission says it. Who has only the id, because another process submitted, makes
// the paths from the model's name: they have its owner and app, and not what follows.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "courier/adapters/adapter.hpp"

namespace courier {

struct FalPlaces {
  HttpRequest status;
  HttpRequest result;
  HttpRequest cancel;
};

// Throws AttemptError(invalid_input) for what is no name of a model: owner/app or owner/app/path,
// with workflows/ or comfy/ before it where there is that.
void check_fal_model(const std::string &model);

FalPlaces make_fal_places(const std::string &model, const std::string &id);

// Takes those that the answer names at the endpoint itself. Others are left: a credential goes
// nowhere else.
void take_fal_places(const nlohmann::json &answer, const std::string &endpoint, FalPlaces &places);

// As a value in a query.
std::string percent_encoded(std::string_view text);

}  // namespace courier
