// expect: a reason that no compiler gives
#ifdef MISTAKE
static_assert(false, "another reason");
#endif
int main() {}
