#include <halfbyte/halfbyte.h>

#include <cstdio>
#include <vector>

int main(int, char** argv) {
  using namespace halfbyte;
  Checkpoint model = Checkpoint::open(argv[1]);
  PackedWeight weight = pack(model.load("model.layers.0.mlp.down_proj"));
  std::vector<float> x(weight.k(), 1.0f), y(weight.n());
  TensorView xv = TensorView::matrix(x.data(), DType::f32, 1, weight.k());
  TensorView yv = TensorView::matrix(y.data(), DType::f32, 1, weight.n());
  Workspace scratch(linear_workspace_size(xv, weight, yv));
  linear(xv, weight, yv, {.workspace = scratch.data(), .workspace_bytes = scratch.size()});
  std::printf("%g\n", y[0]);
}
