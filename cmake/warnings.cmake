# halfbyte_warnings(target): the warnings that all of our own C++ is compiled with.
# Two warnings of g++ 12 are off: its own AVX-512 header trips -Wmaybe-uninitialized, and adding a
# std::string to a literal trips -Wrestrict (GCC bugs 105593 and 105651, both mended in 13).
function(halfbyte_warnings target)
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wshadow -Wnon-virtual-dtor>
    $<$<AND:$<COMPILE_LANG_AND_ID:CXX,GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-maybe-uninitialized;-Wno-restrict>
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${HALFBYTE_WERROR}>>:-Werror>)
endfunction()
