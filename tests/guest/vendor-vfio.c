// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A test fixture: a driver named nvidia that has the interface of NVIDIA's vendor-specific VFIO framework on virtual
 * functions of whatever reads as an A40 (masquerade.ko makes it so), as its guide describes it: in VF/nvidia/,
 * creatable_vgpu_types and current_vgpu_type. It makes no virtual functions itself: its sriov-manage does.
 *
 *   insmod vendor-vfio.ko [memory=48] [header=0]
 *
 * A type takes its share of the memory of the card, and as long as one is there only those of its size can be made. A
 * virtual function with a type can be opened through VFIO; while it is open its type stays.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/vfio_pci_core.h>

static unsigned int memory = 24;
module_param(memory, uint, 0644);
MODULE_PARM_DESC(memory, "of each card, in GiB");

static bool header = true;
module_param(header, bool, 0644);
MODULE_PARM_DESC(header, "whether the list of types has its first line");

/* The one that is asked for is in the first line, where somebody may expect the names of the columns. */
static const struct type {
        unsigned int number, size;
        const char *name;
} types[] = {
        {558, 8, "NVIDIA A40-8Q"}, {556, 2, "NVIDIA A40-2Q"},   {557, 4, "NVIDIA A40-4Q"},
        {562, 8, "NVIDIA A40-8C"}, {561, 48, "NVIDIA A40-48Q"},
};

struct vgpu {
        struct vfio_pci_core_device core;
        struct list_head entry;
        const struct type *type;
        bool open;
};

static LIST_HEAD(vgpus);
static DEFINE_MUTEX(lock);

static bool creatable(const struct vgpu *vgpu, const struct type *type)
{
        const struct vgpu *other;
        unsigned int taken = 0;

        list_for_each_entry(other, &vgpus, entry)
        {
                if (other->core.pdev->physfn != vgpu->core.pdev->physfn || !other->type)
                        continue;
                if (other->type->size != type->size)
                        return false;
                taken += type->size;
        }
        return taken + type->size <= memory;
}

static ssize_t creatable_vgpu_types_show(struct device *dev, struct device_attribute *attr, char *buf)
{
        const struct vgpu *vgpu = dev_get_drvdata(dev);
        ssize_t n = header ? sysfs_emit(buf, "ID    : vGPU Name\n") : 0;
        unsigned int i;

        mutex_lock(&lock);
        for (i = 0; i < ARRAY_SIZE(types); i++)
                if (creatable(vgpu, &types[i]))
                        n += sysfs_emit_at(buf, n, "%-6u: %s\n", types[i].number, types[i].name);
        mutex_unlock(&lock);
        return n;
}
static DEVICE_ATTR_RO(creatable_vgpu_types);

static ssize_t current_vgpu_type_show(struct device *dev, struct device_attribute *attr, char *buf)
{
        const struct vgpu *vgpu = dev_get_drvdata(dev);
        const struct type *type = READ_ONCE(vgpu->type);

        return sysfs_emit(buf, "%u\n", type ? type->number : 0);
}

static int set_type(struct vgpu *vgpu, unsigned int number)
{
        unsigned int i;

        if (vgpu->open)
                return -EPERM;
        if (number == 0) {
                vgpu->type = NULL;
                return 0;
        }
        for (i = 0; i < ARRAY_SIZE(types) && !vgpu->type; i++) {
                if (types[i].number != number || !creatable(vgpu, &types[i]))
                        continue;
                vgpu->type = &types[i];
                return 0;
        }
        return -EINVAL;
}

static ssize_t current_vgpu_type_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
        unsigned int number;
        int err = kstrtouint(buf, 10, &number);

        if (err)
                return err;
        mutex_lock(&lock);
        err = set_type(dev_get_drvdata(dev), number);
        mutex_unlock(&lock);
        return err ? err : count;
}
static DEVICE_ATTR_RW(current_vgpu_type);

static struct attribute *attributes[] = {
        &dev_attr_creatable_vgpu_types.attr,
        &dev_attr_current_vgpu_type.attr,
        NULL,
};

static const struct attribute_group group = {.name = "nvidia", .attrs = attributes};

static int open_device(struct vfio_device *core_vdev)
{
        struct vgpu *vgpu = container_of(core_vdev, struct vgpu, core.vdev);
        int err = 0;

        mutex_lock(&lock);
        if (vgpu->type)
                vgpu->open = true;
        else
                err = -ENODEV;
        mutex_unlock(&lock);
        if (err)
                return err;
        err = vfio_pci_core_enable(&vgpu->core);
        if (err)
                vgpu->open = false;
        else
                vfio_pci_core_finish_enable(&vgpu->core);
        return err;
}

static void close_device(struct vfio_device *core_vdev)
{
        struct vgpu *vgpu = container_of(core_vdev, struct vgpu, core.vdev);

        vfio_pci_core_close_device(core_vdev);
        mutex_lock(&lock);
        vgpu->open = false;
        mutex_unlock(&lock);
}

static const struct vfio_device_ops ops = {
        .name = "vendor-vfio",
        .init = vfio_pci_core_init_dev,
        .release = vfio_pci_core_release_dev,
        .open_device = open_device,
        .close_device = close_device,
        .ioctl = vfio_pci_core_ioctl,
        .device_feature = vfio_pci_core_ioctl_feature,
        .read = vfio_pci_core_read,
        .write = vfio_pci_core_write,
        .mmap = vfio_pci_core_mmap,
        .request = vfio_pci_core_request,
        .match = vfio_pci_core_match,
};

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
        struct vgpu *vgpu;
        int err;

        if (!pdev->is_virtfn)
                return 0;
        vgpu = vfio_alloc_device(vgpu, core.vdev, &pdev->dev, &ops);
        if (IS_ERR(vgpu))
                return PTR_ERR(vgpu);
        dev_set_drvdata(&pdev->dev, &vgpu->core);
        err = vfio_pci_core_register_device(&vgpu->core);
        if (err)
                goto put;
        mutex_lock(&lock);
        list_add(&vgpu->entry, &vgpus);
        mutex_unlock(&lock);
        err = sysfs_create_group(&pdev->dev.kobj, &group);
        if (!err)
                return 0;
        mutex_lock(&lock);
        list_del(&vgpu->entry);
        mutex_unlock(&lock);
        vfio_pci_core_unregister_device(&vgpu->core);
put:
        vfio_put_device(&vgpu->core.vdev);
        return err;
}

static void remove(struct pci_dev *pdev)
{
        struct vgpu *vgpu = dev_get_drvdata(&pdev->dev);

        if (!pdev->is_virtfn)
                return;
        sysfs_remove_group(&pdev->dev.kobj, &group);
        vfio_pci_core_unregister_device(&vgpu->core);
        mutex_lock(&lock);
        list_del(&vgpu->entry);
        mutex_unlock(&lock);
        vfio_put_device(&vgpu->core.vdev);
}

/* A virtual function has the vendor of its card, and keeps the number that the emulated hardware gives it. */
static const struct pci_device_id ids[] = {
        {PCI_DEVICE(PCI_VENDOR_ID_NVIDIA, 0x2235)},
        {PCI_DEVICE(PCI_VENDOR_ID_NVIDIA, 0x10ca)},
        {},
};

static struct pci_driver vendor_vfio = {
        .name = "nvidia",
        .id_table = ids,
        .probe = probe,
        .remove = remove,
        .driver_managed_dma = true,
};
module_pci_driver(vendor_vfio);

MODULE_DESCRIPTION("Test fixture: virtual GPUs through a vendor-specific VFIO framework");
MODULE_LICENSE("GPL");
