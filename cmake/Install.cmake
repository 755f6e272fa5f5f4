# What `make install` puts under its prefix: the program, the examples, the licence.
include(GNUInstallDirs)
if(TARGET agentainer)
  install(TARGETS agentainer RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY examples/ DESTINATION ${CMAKE_INSTALL_DATADIR}/agentainer/examples USE_SOURCE_PERMISSIONS
        PATTERN __pycache__ EXCLUDE)
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
