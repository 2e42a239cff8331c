#include "halfbyte/checkpoint.h"

#include <limits>
#include <new>
#include <utility>

#include "checkpoint/model.h"
#include "checkpoint/nearest.h"
#include "halfbyte/error.h"

namespace halfbyte {

using checkpoint::escaped;

namespace {

constexpr std::string_view open_name = "Checkpoint::open";

// What is read is as large as the file says, and the machine may not have as much memory.
template <class Call>
auto or_out_of_memory(std::string_view function, std::string_view reading, Call&& call) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::oom, {.function = std::string(function),
                                 .argument = escaped(reading),
                                 .got = "too little memory",
                                 .wanted = "room for it twice",
                                 .advice = "free memory or raise the limit"});
  }
}

}  // namespace

struct Checkpoint::Impl {
  std::filesystem::path folder;
  std::string format;
  checkpoint::Model model;
};

Checkpoint Checkpoint::open(const std::filesystem::path& path, const OpenOptions& options) {
  return or_out_of_memory(open_name, path.string(), [&] {
    const auto folder = checkpoint::Folder::open(path, open_name);
    auto config = checkpoint::read_model_config(folder, open_name);
    auto impl = std::make_shared<Impl>();
    impl->model = checkpoint::assemble_model(
        std::move(config), checkpoint::TensorStore::open(folder, open_name), options, open_name);
    impl->format = impl->model.importer->name;
    impl->folder = path;
    return Checkpoint(std::move(impl));
  });
}

const std::filesystem::path& Checkpoint::folder() const { return impl_->folder; }
const std::string& Checkpoint::format() const { return impl_->format; }
const std::string& Checkpoint::config_json() const { return impl_->model.config_text; }
const std::vector<LayerInfo>& Checkpoint::layers() const { return impl_->model.layers; }
const std::vector<TensorInfo>& Checkpoint::tensors() const { return impl_->model.tensors; }

const LayerInfo& Checkpoint::layer(std::string_view name) const {
  const LayerInfo* nearest = nullptr;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const LayerInfo& info : impl_->model.layers)
    if (info.name == name) return info;
  for (const LayerInfo& info : impl_->model.layers) {
    const std::size_t distance = checkpoint::edit_distance(name.substr(0, 256), info.name);
    if (distance < least) {
      least = distance;
      nearest = &info;
    }
  }
  throw Error(ErrorCode::arg,
              {.function = "Checkpoint::layer",
               .argument = "layer",
               .got = "\"" + escaped(name) + "\"",
               .wanted = nearest ? "a layer of the checkpoint" : "no layer: none is quantised",
               .advice = nearest ? "the nearest is \"" + escaped(nearest->name) + "\"" : "",
               .path = impl_->folder.string()});
}

QuantizedWeight Checkpoint::load(std::string_view name) const {
  const LayerInfo& info = layer(name);
  return or_out_of_memory("Checkpoint::load", info.name, [&] {
    return checkpoint::load_layer(impl_->model, info, "Checkpoint::load");
  });
}

std::optional<HostTensor> Checkpoint::bias(std::string_view name) const {
  const LayerInfo& info = layer(name);
  if (!info.has_bias) return {};
  return tensor(info.name + ".bias");
}

HostTensor Checkpoint::tensor(std::string_view name) const {
  const checkpoint::TensorEntry* entry = impl_->model.store.find(name);
  if (!entry)
    throw Error(ErrorCode::arg, {.function = "Checkpoint::tensor",
                                 .argument = "name",
                                 .got = "\"" + escaped(name) + "\"",
                                 .wanted = "a tensor of the checkpoint",
                                 .path = impl_->folder.string()});
  return or_out_of_memory("Checkpoint::tensor", name,
                          [&] { return impl_->model.store.read(*entry, "Checkpoint::tensor"); });
}

bool Checkpoint::has_tensor(std::string_view name) const {
  return impl_->model.store.find(name) != nullptr;
}

TensorView HostTensor::view() const {
  if (shape.size() > TensorView::max_rank)
    throw Error(ErrorCode::shape, {.function = "HostTensor::view",
                                   .argument = "shape",
                                   .got = std::to_string(shape.size()) + " dimensions",
                                   .wanted = "at most " + std::to_string(TensorView::max_rank)});
  TensorView view;
  view.data = const_cast<std::byte*>(bytes.data());  // a view says nothing about constness
  view.dtype = dtype;
  view.rank = static_cast<int>(shape.size());
  std::int64_t stride = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    view.shape[i] = shape[i];
    view.strides[i] = stride;
    stride *= shape[i];
  }
  return view;
}

}  // namespace halfbyte
