#ifdef MISTAKE
static_assert(false, "the assertion");
#endif
int main() {}
