// expect: the assertion
static_assert(false, "the assertion");
#ifdef MISTAKE
#endif
int main() {}
