# Included by scripts/check-consumer: find_package must refuse another major version.
find_package(halfbyte 99 REQUIRED)
