#include "courier/adapters/comfyui_workflow.hpp"

#include <algorithm>

#include "courier/adapters/adapter_options.hpp"
#include "courier/adapters/http_json_template.hpp"
#include "courier/adapters/job_parameters.hpp"
#include "courier/attempt_error.hpp"
#include "wire/frame.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;

bool is_node(const Json &node) {
  if (!node.is_object()) return false;
  auto const type = node.find("class_type");
  auto const inputs = node.find("inputs");
  return type != node.end() && type->is_string() && inputs != node.end() && inputs->is_object();
}

void check_graph(const Json &graph) {
  if (graph.is_null()) AdapterOptions::refuse("workflow is missing");
  if (!graph.is_object()) AdapterOptions::refuse("workflow is not an object");
  if (graph.contains("nodes") && graph.at("nodes").is_array())
    AdapterOptions::refuse("workflow is in the format of the editor; export it in the API format");
  if (graph.empty()) AdapterOptions::refuse("workflow has no nodes");
  for (const auto &[id, node] : graph.items())
    if (!is_node(node))
      AdapterOptions::refuse("workflow has a node " + id + " without class_type and inputs");
}

// A placeholder whose parameter is not given leaves nothing: the server would name the input, but
// not the parameter.
void check_parameters(const Json &form, const Json &parameters, const std::string &node) {
  constexpr std::string_view one = "{parameters.";
  if (form.is_string()) {
    const auto &text = form.get_ref<const std::string &>();
    if (!text.starts_with(one) || !text.ends_with('}')) return;
    std::string const name = text.substr(one.size(), text.size() - one.size() - 1);
    if (!parameters.contains(name))
      throw AttemptError(wire::ErrorClass::invalid_input,
                         "node " + node + " of the workflow needs the parameter " + name);
  } else if (form.is_structured()) {
    for (const Json &member : form)
      check_parameters(member, parameters, node);
  }
}

std::vector<std::string> texts_of(const Json &value) {
  std::vector<std::string> texts;
  if (value.is_null()) return texts;
  if (!value.is_array() || value.empty()) AdapterOptions::refuse("output_nodes is not a list");
  for (const Json &text : value) {
    if (!text.is_string()) AdapterOptions::refuse("output_nodes has an id that is not a text");
    texts.push_back(text.get<std::string>());
  }
  return texts;
}

}  // namespace

ComfyuiWorkflow make_comfyui_workflow(const wire::Submit &submit) {
  constexpr std::size_t usual_outputs = 8;
  AdapterOptions const options("comfyui", submit.options,
                               {"workflow", "output_nodes", "temporary", "max_outputs"});
  const Json &graph = options.value("workflow");
  check_graph(graph);

  ComfyuiWorkflow workflow;
  workflow.output_nodes = texts_of(options.value("output_nodes"));
  for (const std::string &node : workflow.output_nodes)
    if (!graph.contains(node))
      AdapterOptions::refuse("output_nodes has " + node + ", which the workflow does not have");
  workflow.temporary = options.flag("temporary", false);

  JobParameters given(submit.parameters);
  given.split_size();
  Json const parameters = given.rest();
  std::size_t const count = given.take_count("n", wire::max_frame_descriptors);
  workflow.max_outputs =
      options.count("max_outputs", std::max(usual_outputs, count), wire::max_frame_descriptors);
  workflow.seed = given.take("seed");
  for (const auto &[id, node] : graph.items())
    check_parameters(node, parameters, id);

  // The id is ours, so that the server can be asked for it should its answer be lost.
  std::string const id = submit.attempt.to_string();
  workflow.body = json_text(
      {{"prompt_id", id}, {"prompt", fill_template(graph, {submit.model, id, parameters})}});
  return workflow;
}

}  // namespace courier
