// Nothing: without hardware fp8 the codes come from core/hadamard/quantize.h.
#pragma once
