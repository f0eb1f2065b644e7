#include "courier/adapters/sdcpp_request.hpp"

#include <array>
#include <utility>

#include "courier/adapters/adapter_options.hpp"
#include "courier/adapters/job_parameters.hpp"
#include "wire/frame.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;

// Where the server has what we call otherwise. What is not here keeps its name.
constexpr std::array<std::pair<const char *, const char *>, 9> places = {{
    {"steps", "/sample_params/sample_steps"},
    {"sampler", "/sample_params/sample_method"},
    {"scheduler", "/sample_params/scheduler"},
    {"eta", "/sample_params/eta"},
    {"flow_shift", "/sample_params/flow_shift"},
    {"guidance", "/sample_params/guidance/txt_cfg"},
    {"image", "/init_image"},
    {"mask", "/mask_image"},
    {"num_frames", "/video_frames"},
}};

}  // namespace

SdcppRequest make_sdcpp_request(const std::string &parameters, const std::string &options_text) {
  AdapterOptions const options("sdcpp", options_text, {"mode", "request"});
  std::string const mode = options.text("mode", "img_gen");
  if (mode != "img_gen" && mode != "vid_gen")
    AdapterOptions::refuse("mode is neither img_gen nor vid_gen");

  SdcppRequest request;
  request.path = "/sdcpp/v1/" + mode;
  request.is_video = mode == "vid_gen";
  JobParameters given(parameters);
  given.split_size();
  Json body = options.object("request");
  Json asked = Json::object();
  for (const auto &[name, place] : places)
    given.move(name, asked, place);
  request.output_count = given.take_count("n", request.is_video ? 1 : wire::max_frame_descriptors);
  if (!request.is_video) asked["batch_count"] = request.output_count;
  asked.merge_patch(given.rest());
  body.merge_patch(asked);
  if (auto const seed = body.find("seed"); seed != body.end()) request.seed = *seed;
  request.body = json_text(body);
  return request;
}

}  // namespace courier
