// From a job that a worker has claimed to the pictures that it reports.
#pragma once

#include <optional>
#include <string>

#include "runner/models/pipeline.hpp"
#include "runner/options.hpp"
#include "runner/pull/worker.hpp"
#include "runner/service/image_request.hpp"

namespace runner {

class ClaimedPictures {
 public:
  ClaimedPictures(const Pipeline &pipeline, const Options &options);

  // Nothing: it was cancelled. Throws pull::MakeError, or what the model throws.
  std::optional<pull::Result> make(const pull::Claim &claim, const pull::IsCancelled &is_cancelled,
                                   const pull::OnProgress &on_progress) const;

 private:
  PictureRequest read(const pull::Claim &claim) const;

  const Pipeline &pipeline_;
  const std::string model_id_;
  const RequestLimits limits_;
};

}  // namespace runner
