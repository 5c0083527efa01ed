# What `cmake --install` puts in a prefix. Everything is relocatable: the prefix may be moved afterwards.
