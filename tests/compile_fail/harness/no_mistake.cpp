// expect: the assertion
int main() {}
