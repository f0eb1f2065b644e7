#include "runner/service/claimed_picture.hpp"

#include "runner/image/png.hpp"
#include "runner/service/api_error.hpp"
#include "runner/service/base64.hpp"
#include "runner/service/generation_notes.hpp"

namespace runner {

ClaimedPictures::ClaimedPictures(const Pipeline &pipeline, const Options &options)
    : pipeline_(pipeline),
      model_id_(options.model_id),
      limits_(request_limits(pipeline.limits(), options.max_pixels, options.max_steps)) {}

// The parameters of a job are those of a request over HTTP.
PictureRequest ClaimedPictures::read(const pull::Claim &claim) const {
  try {
    if (claim.model != model_id_) {
      throw pull::MakeError("internal", "the model \"" + claim.model + "\" is not loaded here");
    }
    return seeded(parse_image_request(claim.parameters.dump(), limits_));
  } catch (const ApiError &error) {
    throw pull::MakeError("invalid_input", error.what());
  }
}

std::optional<pull::Result> ClaimedPictures::make(const pull::Claim &claim,
                                                  const pull::IsCancelled &is_cancelled,
                                                  const pull::OnProgress &on_progress) const {
  const auto picture = read(claim);
  const auto steps = static_cast<double>(picture.steps * picture.count);
  double step = 0;
  auto outputs = nlohmann::json::array();
  GenerationSummary summary;
  try {
    summary = pipeline_.generate(
        picture,
        [&] {
          on_progress(step++ / steps);
          return is_cancelled();
        },
        [&outputs](Picture &&made) {
          std::string data;
          append_base64(encode_png(made.rgb, made.width, made.height), data);
          outputs.push_back({{"data", std::move(data)},
                             {"seed", made.seed},
                             {"width", made.width},
                             {"height", made.height}});
        });
  } catch (const Cancelled &) {
    return std::nullopt;
  } catch (const std::exception &error) {
    throw pull::MakeError("worker_crash", brief_message(error));
  }
  return pull::Result{std::move(outputs),
                      {{"model", model_id_},
                       {"output_format", "png"},
                       {"size", size_text(picture)},
                       {"usage", usage_notes(summary)},
                       {"timings", timing_notes(summary.timings)}}};
}

}  // namespace runner
