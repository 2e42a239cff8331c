// halfbyte: matrix products with 16-bit activations and packed low-bit weights.
//
//   auto model  = halfbyte::Checkpoint::open("model-gptq");
//   auto weight = halfbyte::pack(model.load("model.layers.0.mlp.down_proj"));
//   std::vector<std::uint16_t> x(m * weight.k()), y(m * weight.n());         // f16 bits
//   auto xv = halfbyte::TensorView::matrix(x.data(), halfbyte::DType::f16, m, weight.k());
//   auto yv = halfbyte::TensorView::matrix(y.data(), halfbyte::DType::f16, m, weight.n());
//   halfbyte::Workspace scratch(halfbyte::linear_workspace_size(xv, weight, yv));
//   halfbyte::linear(xv, weight, yv, {.workspace = scratch.data(), .workspace_bytes =
//   scratch.size()});
//
// Everything throws halfbyte::Error and nothing else of its own. See the headers:
#pragma once

#include "halfbyte/checkpoint.h"     // files
#include "halfbyte/device_memory.h"  // memory on a device, copies
#include "halfbyte/error.h"          // Error
#include "halfbyte/hadamard.h"       // hadamard, plan_hadamard
#include "halfbyte/linear.h"         // linear, plan_linear
#include "halfbyte/npy.h"            // NPY files
#include "halfbyte/numeric.h"        // 16-bit types on the host
#include "halfbyte/quantize.h"       // 16-bit -> 4-bit
#include "halfbyte/rotary.h"         // rotary embedding, transform and codes in one pass
#include "halfbyte/rotate.h"         // rotations folded into weights
#include "halfbyte/tensor.h"         // TensorView
#include "halfbyte/threads.h"        // the CPU backend's threads
#include "halfbyte/weight.h"         // QuantizedWeight, PackedWeight
#include "halfbyte/workspace.h"      // scratch memory
