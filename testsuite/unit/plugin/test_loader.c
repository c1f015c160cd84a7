/* test_loader.c - plugins are taken only when everything about them is right. */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bramble/launch_plugin.h"
#include "plugin/loader.h"
#include "suite.h"
#include "util/error.h"
#include "util/mem.h"

static void refused(const char *name, const char *why)
{
    struct error err = { 0 };

    ck_assert_ptr_null(plugin_load(PLUGIN_TEST_DIR, &plugin_type_launch, name, &err));
    ck_assert_msg(strstr(err.text, why) != NULL, "%s: expected '%s', got '%s'", name, why, err.text);
}

START_TEST(right_plugin_is_loaded_and_can_be_used)
{
    struct error err;
    struct plugin *p = plugin_load(PLUGIN_TEST_DIR, &plugin_type_launch, "mock", &err);
    const struct launch_plugin *launch;

    ck_assert_msg(p != NULL, "%s", err.text);
    launch = (const struct launch_plugin *)plugin_base(p);
    ck_assert_str_eq(launch->base.name, "mock");
    ck_assert_ptr_nonnull(launch->init(NULL, NULL, NULL));
    plugin_unload(p);
    plugin_unload(NULL);
}
END_TEST

START_TEST(wrong_plugins_are_refused_with_the_reason)
{
    refused("mockabi", "is made for version 999 of the launch interface");
    refused("mocktype", "says that it is notify/mocktype");
    refused("mockname", "says that it is launch/another");
    refused("mockbare", "exports no bramble_plugin");
    refused("mockless", "lacks operation 3 of the launch interface");
    refused("nothere", "(there is: mock mockabi mockbare mockless mockname mocktype)");
    refused("../mock", "is no name of a launch plugin");
    refused("", "is no name of a launch plugin");
}
END_TEST

START_TEST(file_that_others_can_write_is_refused)
{
    ck_assert_int_eq(chmod(PLUGIN_TEST_DIR "/launch_mockbare.so", 0777), 0);
    refused("mockbare", "mode 0777");
    ck_assert_int_eq(chmod(PLUGIN_TEST_DIR "/launch_mockbare.so", 0755), 0);
}
END_TEST

START_TEST(list_is_sorted_and_of_one_type)
{
    CLEANUP_FREE char *launch = plugin_list(PLUGIN_TEST_DIR, &plugin_type_launch);
    CLEANUP_FREE char *accounting = plugin_list(PLUGIN_TEST_DIR, &plugin_type_accounting);
    CLEANUP_FREE char *none = plugin_list("/nonexistent", &plugin_type_launch);

    ck_assert_str_eq(launch, "mock mockabi mockbare mockless mockname mocktype");
    ck_assert_str_eq(accounting, "");
    ck_assert_str_eq(none, "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plugin loader");
    TCase *tc = tcase_create("loader");

    tcase_add_test(tc, right_plugin_is_loaded_and_can_be_used);
    tcase_add_test(tc, wrong_plugins_are_refused_with_the_reason);
    tcase_add_test(tc, file_that_others_can_write_is_refused);
    tcase_add_test(tc, list_is_sorted_and_of_one_type);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
