// expect: anything
#ifdef MISTAKE
int fine();
#endif
int main() {}
