# salus_room(NAME keys DEPS core crypto db [LIBS PkgConfig::foo])
#
# A room is one static library of every .cpp beside its CMakeLists.txt and in detail/, plus one test
# program of every tests/*_test.cpp. DEPS are the only rooms it may include from: tools/layers reads
# the same line and fails on any other edge.
function(salus_room)
  cmake_parse_arguments(ROOM "" "NAME" "DEPS;LIBS;TEST_DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp detail/*.cpp)
  if(NOT sources) # a room of headers
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/empty.cpp "")
    set(sources ${CMAKE_CURRENT_BINARY_DIR}/empty.cpp)
  endif()
  add_library(salus_${ROOM_NAME} STATIC ${sources})
  target_include_directories(salus_${ROOM_NAME} PUBLIC ${PROJECT_SOURCE_DIR}/src
                                                       ${PROJECT_BINARY_DIR}/generated)
  foreach(dep ${ROOM_DEPS})
    target_link_libraries(salus_${ROOM_NAME} PUBLIC salus_${dep})
  endforeach()
  target_link_libraries(salus_${ROOM_NAME} PUBLIC ${ROOM_LIBS} PRIVATE salus_options)
  file(GLOB tests CONFIGURE_DEPENDS tests/*_test.cpp)
  if(tests AND SALUS_TESTS)
    add_executable(salus_${ROOM_NAME}_test ${tests})
    target_include_directories(salus_${ROOM_NAME}_test PRIVATE ${PROJECT_SOURCE_DIR})
    target_link_libraries(salus_${ROOM_NAME}_test PRIVATE salus_${ROOM_NAME} salus_options
                                                          GTest::gmock GTest::gtest_main rapidcheck)
    foreach(dep ${ROOM_TEST_DEPS})
      target_link_libraries(salus_${ROOM_NAME}_test PRIVATE salus_${dep})
    endforeach()
    add_dependencies(unit_tests salus_${ROOM_NAME}_test)
    add_test(NAME ${ROOM_NAME} COMMAND salus_${ROOM_NAME}_test)
    set_tests_properties(${ROOM_NAME} PROPERTIES TIMEOUT 300 LABELS unit)
  endif()
endfunction()
