# halfbyte_warnings(target): the warnings that all of our own C++ is compiled with.
function(halfbyte_warnings target)
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wshadow -Wnon-virtual-dtor>
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${HALFBYTE_WERROR}>>:-Werror>)
endfunction()
